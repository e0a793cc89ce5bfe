// Who holds a port that we could not listen on, in words.
import type { Machine } from "#base/machine.ts";
import type { SocketAddress } from "#base/net.ts";
import { plain } from "./plain.ts";
import { formatSocketAddress } from "./socket-address.ts";

/** "held by process 7 (nginx)", its command line made fit for a terminal. */
export function heldBy(holder: { readonly pid: number; readonly command: string }): string {
  return `held by process ${holder.pid} (${plain(holder.command)})`;
}

/** "Cannot listen on 127.0.0.1:15010: EADDRINUSE: held by process 7 (nginx)"; the holder where it can be seen. */
export function cannotListen(
  machine: Machine,
  { host, port }: SocketAddress,
  reason: string,
  note = "",
): string {
  const holder = machine.portHolder(host, port);
  const held = holder === undefined ? "" : `: ${heldBy(holder)}`;
  return `Cannot listen on ${formatSocketAddress({ host, port })}${note}: ${reason}${held}`;
}
