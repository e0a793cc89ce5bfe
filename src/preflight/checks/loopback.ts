// Addresses of 127.0.0.0/8 beyond 127.0.0.1 are really there: listened on, connected to.
import { isSocketError } from "#base/net.ts";
import type { Check, CheckDescription, CheckPorts, Finding } from "../check.ts";
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
  if (isSocketError(listening)) return `cannot listen on ${host}: ${listening.code}`;
  const reason = await whyUnreachable(ports, listening.address, CONNECT_LIMIT_MS);
  listening.close();
  return reason === undefined ? undefined : `cannot connect to ${host}: ${reason}`;
}

function remedy(platform: string, host: string): { fix: string; command: string } {
  const command =
    platform === "darwin" ? `sudo ifconfig lo0 alias ${host} up` : "sudo ip link set lo up";
  return { fix: `run "${command}"`, command };
}

export function loopbackCheck({ loopback }: PreflightSettings): Check {
  return {
    ...LOOPBACK,
    async run(ports: CheckPorts) {
      const reasons = await Promise.all(loopback.map((host) => whyUnusable(ports, host)));
      const errors: Finding[] = [];
      for (const [index, host] of loopback.entries()) {
        const message = reasons[index];
        if (message !== undefined) {
          errors.push({ message, ...remedy(ports.machine.platform, host) });
        }
      }
      return { warnings: [], errors };
    },
  };
}
