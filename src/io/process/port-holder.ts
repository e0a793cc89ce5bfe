// Which process holds a TCP port on this machine, out of /proc (Linux; elsewhere the answer is always "unknown").
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { PortHolder } from "#base/machine.ts";

/** In /proc/net/tcp, proc(5): the state of a socket that listens. */
const LISTEN_STATE = "0A";
const MAX_COMMAND_CHARACTERS = 200;

/** "0100007F:1F90" -> address as hexadecimal text, and port. */
function parseLocal(text: string): { readonly hex: string; readonly port: number } {
  const [hex = "", port = "0"] = text.split(":");
  return { hex, port: Number.parseInt(port, 16) };
}

/** IPv4 as the kernel prints it: the four bytes of a little-endian word. undefined: any address will do. */
function toHex(host: string): string | undefined {
  // Whoever wants every address is stopped by whoever has one of them.
  if (host === "0.0.0.0") return undefined;
  const parts = host.split(".").map(Number);
  if (parts.length !== 4) return undefined;
  return parts
    .reverse()
    .map((part) => part.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}

function listeningInodes(host: string, port: number): Set<string> {
  const wanted = toHex(host);
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text: string;
    try {
      text = readFileSync(table, "utf8");
    } catch {
      continue;
    }
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const local = parseLocal(fields[1] ?? "");
      if (fields[3] !== LISTEN_STATE || local.port !== port) continue;
      const isWildcard = /^0+$/.test(local.hex);
      const isMapped = wanted !== undefined && local.hex.endsWith(wanted);
      if (isWildcard || isMapped || wanted === undefined) inodes.add(fields[9] ?? "");
    }
  }
  return inodes;
}

/** undefined: it has just ended. */
function commandOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return undefined;
  }
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      const link = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode !== undefined && inodes.has(inode)) return true;
    }
  } catch {
    // Gone, or another user's.
  }
  return false;
}

/** The process that listens on host:port, or on the port at every address; undefined when none is found or it is not ours to see. */
export function findPortHolder(host: string, port: number): PortHolder | undefined {
  const inodes = listeningInodes(host, port);
  if (inodes.size === 0) return undefined;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry) || !holdsOneOf(entry, inodes)) continue;
    const command = commandOf(entry);
    if (command === undefined) continue;
    return { pid: Number(entry), command: command.slice(0, MAX_COMMAND_CHARACTERS) };
  }
  return undefined;
}
