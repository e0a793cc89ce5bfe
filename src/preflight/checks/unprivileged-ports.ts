// Ports below the kernel's border (1024, unless told otherwise) may be listened on by us.
import { type Check, type CheckDescription, type CheckPorts, fail, PASSED } from "../check.ts";
import { firstFreePort, isForRootOnly } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";
import { orElse } from "../words.ts";

export const UNPRIVILEGED_PORTS: CheckDescription = {
  name: "UnprivilegedPorts",
  category: "network",
  severity: "error",
  summary: "this user may listen on every port of the configuration",
  why: "Ports below net.ipv4.ip_unprivileged_port_start are for root; a Gateway on port 80 would not start.",
  fix: "lower net.ipv4.ip_unprivileged_port_start, or use ports from 1024 on",
};

export function unprivilegedPortsCheck({ ports }: PreflightSettings): Check {
  return {
    ...UNPRIVILEGED_PORTS,
    run({ machine }: CheckPorts) {
      const low = ports.filter(({ address: { port } }) => isForRootOnly(machine, port));
      const lowest = Math.min(...low.map(({ address }) => address.port));
      if (low.length === 0) return PASSED;
      const command = `sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${lowest}`;
      return fail(
        ...low.map(({ address: { port }, purpose, alternative }) => ({
          message: `Port ${port} (${purpose}) is for root only: this user may listen on ports from ${firstFreePort(machine)} on`,
          fix: orElse(`run "${command}"`, alternative),
          command,
        })),
      );
    },
  };
}
