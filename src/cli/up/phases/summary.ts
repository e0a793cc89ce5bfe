// Phase summary: what runs, where, and what to open.
import { DONE, type Phase } from "#preflight/phases/phase.ts";
import { formatSocketAddress } from "../../shell/socket-address.ts";
import type { UpSession } from "../session.ts";
import { formatInstances, formatServices, gatewayUrls } from "../summary.ts";

function readyLine({ shell, settings, missing, startedMs }: UpSession): string {
  const seconds = ((shell.clock.nowMs() - startedMs) / 1000).toFixed(1);
  if (missing === undefined) {
    return `Started after ${seconds} s, data plane: ${settings.dataPlane}. Nobody waited until it is ready.`;
  }
  return missing.length === 0
    ? `Ready after ${seconds} s, data plane: ${settings.dataPlane}.`
    : `Not ready after ${seconds} s: ${missing.join(", ")}.`;
}

export const summaryPhase: Phase<UpSession> = {
  name: "summary",
  short: "Print what runs, and where",
  long: "Prints the services of the mesh that runs, and what to open.",
  needs: ["control-plane"],
  run: async (session, { stop }) => {
    const { mesh, settings, shell } = session;
    const services = formatServices(await session.services());
    if (stop.isStopped) return DONE;
    const gateways = mesh?.gateways ?? (await session.plan()).gateways;
    const lines = [
      "",
      services,
      ...(mesh === undefined ? [] : [formatInstances(mesh.instances), readyLine(session)]),
      ...gatewayUrls(gateways).map((url) => `Open   ${url}`),
      `Status http://${formatSocketAddress(settings.httpAddress)}/debug/syncz`,
      ...(mesh === undefined ? [] : ["Ctrl-C stops everything."]),
      "",
    ];
    shell.terminal.write(lines.join("\n"));
    return DONE;
  },
  dryRun: (_session, { would }) => {
    would("print services, instances and addresses, and serve until Ctrl-C");
    return DONE;
  },
};
