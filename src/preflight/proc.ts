// Reading what the kernel tells in /proc and /sys: numbers, limits, capabilities. What is not there or is odd is undefined.
import type { Machine } from "#base/machine.ts";
import type { Timers } from "#base/timers.ts";

export function readText(machine: Machine, path: string): string | undefined {
  const reading = machine.readText(path);
  return reading.kind === "read" ? reading.text : undefined;
}

/** A count as the kernel writes it; more digits than these are no count. */
const COUNT = /^\d{1,20}$/;

export function parseCount(text: string | undefined): number | undefined {
  const word = text?.trim() ?? "";
  return COUNT.test(word) ? Number(word) : undefined;
}

/** A file that holds one number. */
export function readCount(machine: Machine, path: string): number | undefined {
  return parseCount(readText(machine, path));
}

/** Linux' capabilities(7), by their bit. */
export const CAPABILITIES = { netBindService: 10, netAdmin: 12, netRaw: 13 } as const;

/** Whether this process has the capability; undefined where that is not told. Root without it, in a container, has it not. */
export function hasCapability(
  machine: Machine,
  bit: (typeof CAPABILITIES)[keyof typeof CAPABILITIES],
): boolean | undefined {
  const status = readText(machine, "/proc/self/status") ?? "";
  const effective = /^CapEff:\s*([0-9a-fA-F]{1,16})$/m.exec(status)?.[1];
  if (effective === undefined) return undefined;
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n;
}

/** Of kernels that do not tell (before 4.11), and of other systems. */
const USUAL_FIRST_PORT = 1024;

/** The first port that everybody may listen on. */
export function firstFreePort(machine: Machine): number {
  const told = readCount(machine, "/proc/sys/net/ipv4/ip_unprivileged_port_start");
  return told ?? USUAL_FIRST_PORT;
}

/** This process may not listen on `port`. macOS lets everybody since 10.14; port 0 is one that is free. */
export function isForRootOnly(machine: Machine, port: number): boolean {
  if (port === 0 || machine.platform !== "linux" || port >= firstFreePort(machine)) return false;
  return !(hasCapability(machine, CAPABILITIES.netBindService) ?? machine.userId === 0);
}

/** What `promise` resolves to, or undefined after `limitMs`. */
export function within<T>(
  timers: Timers,
  limitMs: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const limit = timers.after(limitMs, () => resolve(undefined));
    promise.then(
      (value) => {
        limit.cancel();
        resolve(value);
      },
      (error: unknown) => {
        limit.cancel();
        reject(error);
      },
    );
  });
}
