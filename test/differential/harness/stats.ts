// Counters and gauges of a side, and what a case changed in them.
import type { Side } from "./sides.ts";

export type Stats = ReadonlyMap<string, number>;

/** What differs between two runs of the same proxy, or belongs to the asking itself. */
const NOT_COMPARED: readonly RegExp[] = [
  /^(?:http|listener)\.admin\./,
  /_buffered$/,
  // x-envoy-upstream-service-time has as many digits as the milliseconds happen to have.
  /cx_[rt]x_bytes_total$/,
  // Envoy's own way of closing, counted by a timer that may or may not have run.
  /delayed_close_timeout$/,
];

const IS_COMPARED = /^(?:cluster|http|listener|tcp)\./;

export async function readStats(side: Side): Promise<Stats> {
  const text = await side.admin("/stats?usedonly");
  const stats = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(\S+): (-?\d+)$/.exec(line);
    if (match === null) continue;
    const name = (match[1] ?? "").replaceAll(side.place.ip, "SIDE");
    if (!IS_COMPARED.test(name) || NOT_COMPARED.some((pattern) => pattern.test(name))) continue;
    stats.set(name, Number(match[2]));
  }
  return stats;
}

/** `name +n` for everything that changed, sorted. */
export function changes(before: Stats, after: Stats): string[] {
  const lines: string[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const change = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    if (change !== 0) lines.push(`${name} ${change > 0 ? "+" : ""}${change}`);
  }
  return lines.sort();
}
