// Phase data-plane: a sidecar for each instance as soon as it is healthy, and one for programs that have none.
import { DONE, type Phase } from "#preflight/phases/phase.ts";
import type { UpSession } from "../session.ts";
import { counted, objectsOf } from "./objects.ts";

/** "sidecars for 6 instances (sampan), and the host sidecar" */
async function describe(session: UpSession): Promise<string> {
  const { settings } = session;
  const { instances } = await session.plan();
  const host = settings.hasHostSidecar ? ["the host sidecar"] : [];
  const sidecars =
    instances.length === 0 || settings.only !== undefined
      ? []
      : [`sidecars for ${counted(instances.length, "instance")}`];
  const parts = [...sidecars, ...host];
  return parts.length === 0 ? "nothing" : `${parts.join(" and ")} (${settings.dataPlane})`;
}

export const dataPlanePhase: Phase<UpSession> = {
  name: "data-plane",
  short: "Start a sidecar for each instance, and the host sidecar",
  long: "Starts the host sidecar, which serves programs without one, beside a pilot that is there already. Ctrl-C stops it.",
  needs: ["control-plane"],
  run: async (session) => {
    session.reporter.step("data-plane", `starting ${await describe(session)}`);
    const mesh = await session.startMesh();
    mesh.startDataPlane(session.settings);
    mesh.apply(await objectsOf(session));
    return DONE;
  },
  dryRun: async (session, { would }) => {
    would(`start ${await describe(session)}`);
    return DONE;
  },
  undo: async ({ mesh }) => mesh?.stopDataPlane(),
};
