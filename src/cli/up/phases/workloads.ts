// Phase workloads: the programs of the mesh. They join it with their sidecars, which are the data plane's.
import { DONE, type Phase } from "#preflight/phases/phase.ts";
import type { UpSession } from "../session.ts";
import { counted, objectsOf } from "./objects.ts";

export const workloadsPhase: Phase<UpSession> = {
  name: "workloads",
  short: "Start an instance of every WorkloadGroup that names a command",
  long: "Starts the programs of the mesh, without sidecars of ours, beside a pilot that is there already. Ctrl-C stops them.",
  needs: ["control-plane"],
  run: async (session) => {
    const { instances } = await session.plan();
    session.reporter.step("workloads", `starting ${counted(instances.length, "instance")}`);
    (await session.startMesh()).startWorkloads(await objectsOf(session));
    return DONE;
  },
  dryRun: async (session, { would }) => {
    const { instances } = await session.plan();
    if (instances.length === 0) {
      would("start instances as soon as a WorkloadGroup names a command");
    }
    for (const { name, command } of instances) would(`start instance ${name}: ${command}`);
    return DONE;
  },
  undo: async ({ mesh }) => mesh?.stopWorkloads(),
};
