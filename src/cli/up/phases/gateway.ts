// Phase gateway: a gateway proxy for each selector that Gateways have; also for those that come while the mesh runs.
import { DONE, type Phase } from "#preflight/phases/phase.ts";
import type { UpSession } from "../session.ts";
import { gatewayUrls } from "../summary.ts";
import { objectsOf } from "./objects.ts";

export const gatewayPhase: Phase<UpSession> = {
  name: "gateway",
  short: "Start the gateway, when there is a Gateway",
  long: "Starts the gateways of the folder beside a pilot that is there already. Ctrl-C stops them.",
  needs: ["control-plane"],
  run: async (session) => {
    const { gateways } = await session.plan();
    if (gateways.length > 0) {
      session.reporter.step("gateway", `starting ${gatewayUrls(gateways).join(", ")}`);
    }
    (await session.startMesh()).startGateways(await objectsOf(session));
    return DONE;
  },
  dryRun: async (session, { would }) => {
    const { gateways } = await session.plan();
    if (gateways.length === 0) would("start a gateway as soon as there is a Gateway");
    for (const gateway of gateways) {
      would(`start ${gateway.name} on ${gatewayUrls([gateway]).join(", ")}`);
    }
    return DONE;
  },
  undo: async ({ mesh }) => mesh?.stopGateways(),
};
