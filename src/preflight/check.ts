// What a preflight check is: a name, what is so when it passes, and `run`, which touches the world only through ports and prints nothing.
import type { Clock } from "#base/clock.ts";
import type { Dns } from "#base/dns.ts";
import type { HttpClient } from "#base/http-client.ts";
import type { Machine } from "#base/machine.ts";
import type { Net } from "#base/net.ts";
import type { Processes } from "#base/processes.ts";
import type { Timers } from "#base/timers.ts";

/** In the order of the lists and of the reference page. */
export const CATEGORIES = [
  "machine",
  "network",
  "time",
  "names",
  "files",
  "versions",
  "configuration",
  "interception",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** What one check looks at; every port of the shell that a check may need. */
export interface CheckPorts {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
  readonly dns: Dns;
  readonly httpClient: HttpClient;
  readonly processes: Processes;
  readonly env: Readonly<Record<string, string>>;
}

/** A check as lists and the reference page show it; the same for every run. */
export interface CheckDescription {
  /** "Swap"; of a family of checks with its variable part, "Port-<port>". What `--ignore-preflight-errors` takes. */
  readonly name: string;
  readonly category: Category;
  /** The worst that it reports. */
  readonly severity: "error" | "warning";
  /** What is so when it passes, as a statement: "swap is off". */
  readonly summary: string;
  /** What goes wrong where it does not pass. */
  readonly why: string;
  /** What to do about it, in general; each finding says it for the case at hand. */
  readonly fix: string;
}

export interface Check extends CheckDescription {
  run(ports: CheckPorts): CheckOutcome | Promise<CheckOutcome>;
}

/** One thing that is wrong. */
export interface Finding {
  /** Kubeadm's words where it has them. One line. */
  readonly message: string;
  /** The remedy in words. One line; undefined when there is none. */
  readonly fix: string | undefined;
  /** The remedy as a shell command, where it is one that can be said beforehand. */
  readonly command?: string;
}

export interface CheckOutcome {
  readonly warnings: readonly Finding[];
  readonly errors: readonly Finding[];
}

export const PASSED: CheckOutcome = { warnings: [], errors: [] };

export const warn = (...warnings: readonly Finding[]): CheckOutcome => ({ warnings, errors: [] });

export const fail = (...errors: readonly Finding[]): CheckOutcome => ({ warnings: [], errors });
