// A port that we listen on is free: tried at the very address, and its holder named.

import { quoted } from "#base/log.ts";
import { isSocketError } from "#base/net.ts";
import type { Check, CheckDescription, CheckPorts, Finding } from "../check.ts";
import { formatAddress } from "../proc.ts";
import type { WantedPort } from "../settings.ts";

export const PORT: CheckDescription = {
  name: "Port-<port>",
  category: "network",
  severity: "error",
  summary: "the port is free at the address where it is listened on",
  why: "Two programs cannot listen on one port; the second would not start.",
  fix: "stop the process that holds it, or choose another port",
};

/** A command line is shown as far as it tells programs apart. */
const MAX_COMMAND_CHARACTERS = 80;

function withoutQuotes(text: string): string {
  return quoted(text, MAX_COMMAND_CHARACTERS).slice(1, -1);
}

function findingFor(wanted: WantedPort, { machine, net }: CheckPorts): Finding | undefined {
  const { host, port } = wanted.address;
  const listening = net.listen({ host, port, reusePort: wanted.isShared }, (socket) => {
    socket.close();
    return { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
  });
  if (!isSocketError(listening)) {
    listening.close();
    return undefined;
  }
  const where = formatAddress(wanted.address);
  const other = `choose another one with ${wanted.changedBy}`;
  if (listening.code === "EADDRINUSE") {
    const holder = machine.portHolder(host, port);
    const held =
      holder === undefined
        ? `${where} is held by a process that ${machine.userId === 0 ? "cannot be seen from here" : "only root may see"}`
        : `${where} is held by process ${holder.pid} (${withoutQuotes(holder.command)})`;
    return {
      message: `Port ${port} is in use: ${held}`,
      fix: `stop that process, or ${other}`,
      ...(holder === undefined ? {} : { command: `kill ${holder.pid}` }),
    };
  }
  return { message: `Port ${port} cannot be listened on: ${where}: ${listening.code}`, fix: other };
}

/** One check for each port number: the same port at several addresses has one name. */
export function portChecks(ports: readonly WantedPort[]): Check[] {
  const byNumber = new Map<number, WantedPort[]>();
  for (const wanted of ports) {
    const { port } = wanted.address;
    if (port === 0) continue; // the kernel finds a free one
    byNumber.set(port, [...(byNumber.get(port) ?? []), wanted]);
  }
  return [...byNumber].map(([port, all]) => ({
    ...PORT,
    name: `Port-${port}`,
    summary: `port ${port} is free for ${all.map(({ purpose }) => purpose).join(", ")}`,
    run(checkPorts: CheckPorts) {
      const errors = all.flatMap((wanted) => findingFor(wanted, checkPorts) ?? []);
      return { warnings: [], errors };
    },
  }));
}
