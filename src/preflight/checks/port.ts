// A port that we listen on is free: tried at the very address, and its holder named.

import { quoted } from "#base/log.ts";
import type { PortHolder } from "#base/machine.ts";
import { isSocketError } from "#base/net.ts";
import type { Check, CheckDescription, CheckPorts, Finding } from "../check.ts";
import { isForRootOnly } from "../proc.ts";
import type { WantedPort } from "../settings.ts";
import { formatAddress, orElse } from "../words.ts";

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

/** The runtime, and our entry as its program. */
const OWN_COMMAND = /^\S+ \S+\/src\/cli\/main\.ts(?= |$)/;

/** As a person would have typed it: without the folder of the program, and ours by its name. */
function describeCommand(command: string): string {
  const short = OWN_COMMAND.test(command)
    ? command.replace(OWN_COMMAND, "sampan")
    : command.replace(/^\S*\/(?=[^/\s])/, "");
  return quoted(short, MAX_COMMAND_CHARACTERS).slice(1, -1);
}

/** An Envoy of ours runs on a file that `up` keeps here. */
const OWN_FILE = /\/sampan\/meshes\//;

const isOurs = ({ command }: PortHolder): boolean =>
  OWN_COMMAND.test(command) || OWN_FILE.test(command);

/** Parts of a mesh are started again by it: only the whole of it can be stopped. */
function howToStop(holder: PortHolder | undefined): string {
  return holder !== undefined && isOurs(holder)
    ? 'stop that mesh: "sampan down", or Ctrl-C in its terminal'
    : "stop that process";
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
  // Said by its own check, with the remedy for it.
  if (listening.code === "EACCES" && isForRootOnly(machine, port)) return undefined;
  const where = formatAddress(wanted.address);
  if (listening.code === "EADDRINUSE") {
    const holder = machine.portHolder(host, port);
    const held =
      holder === undefined
        ? `${where} is held by a process that ${machine.userId === 0 ? "cannot be seen from here" : "only root may see"}`
        : `${where} is held by process ${holder.pid} (${describeCommand(holder.command)})`;
    return {
      message: `Port ${port} is in use: ${held}`,
      fix: orElse(howToStop(holder), wanted.alternative),
    };
  }
  return {
    message: `Port ${port} cannot be listened on: ${where}: ${listening.code}`,
    fix: wanted.alternative,
  };
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
