// Room in the kernel for many connections: ephemeral ports, the accept queue, connection tracking.
import {
  type Check,
  type CheckDescription,
  type CheckOutcome,
  type CheckPorts,
  type Finding,
  PASSED,
  warn,
} from "../check.ts";
import { parseCount, readCount, readText } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";
import { shellWord } from "../shell-word.ts";

export const EPHEMERAL_PORTS: CheckDescription = {
  name: "EphemeralPorts",
  category: "network",
  severity: "warning",
  summary: "the kernel has enough ports for connections, and takes none of ours for them",
  why: "Each connection to an upstream takes a port of this range; a program that happens to get one of ours keeps us from starting.",
  fix: "set net.ipv4.ip_local_port_range to 32768 60999, or keep our ports out of it with net.ipv4.ip_local_reserved_ports",
};

export const SOMAXCONN: CheckDescription = {
  name: "Somaxconn",
  category: "network",
  severity: "warning",
  summary: "the accept queue is long enough for bursts",
  why: "Connections beyond the queue are dropped by the kernel, and their clients try again seconds later.",
  fix: 'run "sudo sysctl -w net.core.somaxconn=4096"',
};

export const CONNTRACK: CheckDescription = {
  name: "Conntrack",
  category: "network",
  severity: "warning",
  summary: "the connection tracking table has room",
  why: "When the table is full, the kernel drops packets of new connections.",
  fix: "raise net.netfilter.nf_conntrack_max",
};

/** A busy proxy closes some hundred connections a second, and each keeps its port for a minute (TIME_WAIT). */
const MIN_EPHEMERAL_PORTS = 10_000;
/** Linux had 128 until 5.4, and has 4096 since. */
const MIN_SOMAXCONN = 1_024;
/** A mesh under load opens this many within a few seconds. */
const MIN_CONNTRACK_ROOM = 4_096;

interface Range {
  readonly low: number;
  readonly high: number;
}

function parseRange(text: string): Range | undefined {
  const [low, high] = text.trim().split(/\s+/).map(parseCount);
  return low === undefined || high === undefined || high < low ? undefined : { low, high };
}

/** "8080,15000-15090" */
function isReserved(list: string, port: number): boolean {
  return list
    .trim()
    .split(",")
    .some((part) => {
      const [low, high = low] = part.split("-").map(parseCount);
      return low !== undefined && high !== undefined && port >= low && port <= high;
    });
}

function portsInside(
  settings: PreflightSettings,
  { low, high }: Range,
  reserved: string,
): number[] {
  const all = new Set(settings.ports.map(({ address }) => address.port));
  return [...all]
    .filter((port) => port >= low && port <= high && port > 0 && !isReserved(reserved, port))
    .sort((a, b) => a - b);
}

export function ephemeralPortsCheck(settings: PreflightSettings): Check {
  return {
    ...EPHEMERAL_PORTS,
    run({ machine }: CheckPorts): CheckOutcome {
      const range = parseRange(readText(machine, "/proc/sys/net/ipv4/ip_local_port_range") ?? "");
      if (range === undefined) return PASSED;
      const warnings: Finding[] = [];
      const { low, high } = range;
      const count = high - low + 1;
      if (count < MIN_EPHEMERAL_PORTS) {
        const command = 'sudo sysctl -w net.ipv4.ip_local_port_range="32768 60999"';
        warnings.push({
          message: `the range of ephemeral ports ${low}-${high} has room for ${count} connections to one address, less than ${MIN_EPHEMERAL_PORTS}`,
          fix: `run "${command}"`,
          command,
        });
      }
      const reserved = readText(machine, "/proc/sys/net/ipv4/ip_local_reserved_ports") ?? "";
      const inside = portsInside(settings, range, reserved);
      if (inside.length > 0) {
        const list = [reserved.trim(), ...inside].filter((part) => part !== "").join(",");
        const command = `sudo sysctl -w net.ipv4.ip_local_reserved_ports=${shellWord(list)}`;
        warnings.push({
          message: `the range of ephemeral ports ${low}-${high} holds ports that are listened on: ${inside.join(", ")}; a connection of another program may take them`,
          fix: `run "${command}"`,
          command,
        });
      }
      return { warnings, errors: [] };
    },
  };
}

export function somaxconnCheck(): Check {
  return {
    ...SOMAXCONN,
    run({ machine }: CheckPorts) {
      const length = readCount(machine, "/proc/sys/net/core/somaxconn");
      if (length === undefined || length >= MIN_SOMAXCONN) return PASSED;
      return warn({
        message: `net.core.somaxconn (${length}) is less than the recommended ${MIN_SOMAXCONN}`,
        fix: SOMAXCONN.fix,
        command: "sudo sysctl -w net.core.somaxconn=4096",
      });
    },
  };
}

export function conntrackCheck(): Check {
  return {
    ...CONNTRACK,
    run({ machine }: CheckPorts) {
      const max = readCount(machine, "/proc/sys/net/netfilter/nf_conntrack_max");
      const count = readCount(machine, "/proc/sys/net/netfilter/nf_conntrack_count");
      // No files: the kernel does not track. 0: it has no limit.
      if (max === undefined || count === undefined || max === 0) return PASSED;
      if (max - count >= MIN_CONNTRACK_ROOM) return PASSED;
      const command = `sudo sysctl -w net.netfilter.nf_conntrack_max=${Math.max(262_144, max * 2)}`;
      return warn({
        message: `the connection tracking table has room for ${Math.max(0, max - count)} more connections (${count} of ${max} are used), less than ${MIN_CONNTRACK_ROOM}`,
        fix: `run "${command}"`,
        command,
      });
    },
  };
}
