// Addresses of 127.0.0.0/8 beyond 127.0.0.1 are really there: listened on, connected to.
import { isSocketError } from "#base/net.ts";
import type { Check, CheckDescription, CheckPorts } from "../check.ts";
import { whyUnreachable } from "../connect.ts";
import type { PreflightSettings } from "../settings.ts";

export const LOOPBACK: CheckDescription = {
  name: "Loopback",
  category: "network",
  severity: "error",
  summary: "addresses of 127.0.0.0/8 can be listened on and connected to",
  why: "Every instance, sidecar and service has a loopback address of its own, 127.0.1.1 and up, services 127.240.0.1 and up.",
  fix: 'bring the loopback interface up: "sudo ip link set lo up"',
};

/** Loopback answers in microseconds; what takes this long does not work. */
const CONNECT_LIMIT_MS = 1_000;

async function whyUnusable(ports: CheckPorts, host: string): Promise<string | undefined> {
  const listening = ports.net.listen({ host, port: 0, reusePort: false }, (socket) => ({
    onData() {},
    onDrain() {},
    onEnd: () => socket.close(),
    onClose() {},
  }));
  if (isSocketError(listening)) return `cannot be listened on: ${listening.code}`;
  const reason = await whyUnreachable(ports, listening.address, CONNECT_LIMIT_MS);
  listening.close();
  return reason === undefined ? undefined : `cannot be connected to: ${reason}`;
}

function remedy(platform: string, hosts: readonly string[]): { fix: string; command: string } {
  // macOS has 127.0.0.1 only; Linux all of 127.0.0.0/8 as soon as the interface is up.
  const command =
    platform === "darwin"
      ? hosts.map((host) => `sudo ifconfig lo0 alias ${host} up`).join(" && ")
      : "sudo ip link set lo up";
  return { fix: `run "${command}"`, command };
}

export function loopbackCheck({ loopback }: PreflightSettings): Check {
  return {
    ...LOOPBACK,
    async run(ports: CheckPorts) {
      const reasons = await Promise.all(loopback.map((host) => whyUnusable(ports, host)));
      const hostsByReason = new Map<string, string[]>();
      for (const [index, host] of loopback.entries()) {
        const reason = reasons[index];
        if (reason !== undefined) {
          hostsByReason.set(reason, [...(hostsByReason.get(reason) ?? []), host]);
        }
      }
      const errors = [...hostsByReason].map(([reason, hosts]) => ({
        message: `${hosts.join(", ")}: ${reason}`,
        ...remedy(ports.machine.platform, hosts),
      }));
      return { warnings: [], errors };
    },
  };
}
