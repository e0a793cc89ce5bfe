// Runs one check on a fake machine and writes what it found as lines: "E message" and "W message".
import { assert } from "#base/assert.ts";
import { type FakeMachineOptions, fakeMachine } from "#base/testing/fake-machine.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { Check, CheckOutcome, CheckPorts } from "../check.ts";
import type { PreflightSettings } from "../settings.ts";
import { type FakeNetOptions, fakeNet } from "./fake-net.ts";
import { type FakeProgram, fakeProcesses } from "./fake-processes.ts";

/** Of a small mesh; a test changes what it is about. */
export const SETTINGS: PreflightSettings = {
  version: "0.1.0",
  wantedRuntime: "1.4.5",
  ports: [],
  openFiles: { needed: 4_096, why: "two sockets for each request" },
  memory: { neededBytes: 1024 ** 3, why: "a pilot and 10 proxies" },
  workerCount: 1,
  folders: [],
  certificates: [],
  hostnames: [],
  dataPlane: "sampan",
  loopback: [],
  pilot: undefined,
  interception: false,
  readConfiguration: undefined,
};

export interface World {
  readonly machine?: FakeMachineOptions | undefined;
  readonly net?: FakeNetOptions | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  /** Name -> addresses; others are not found. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** URL -> answer; others fail. */
  readonly pages?: Readonly<
    Record<string, { readonly body?: string; readonly headers?: Readonly<Record<string, string>> }>
  >;
  readonly time?: FakeTime;
}

export function fakePorts(world: World = {}): CheckPorts {
  const time = world.time ?? new FakeTime();
  return {
    machine: fakeMachine(world.machine),
    clock: time,
    timers: time,
    net: fakeNet(world.net),
    dns: {
      resolve: async (name) => {
        const addresses = { localhost: ["127.0.0.1"], laptop: ["127.0.1.1"], ...world.names }[name];
        return addresses === undefined
          ? { kind: "failed", reason: "ENOTFOUND" }
          : { kind: "resolved", addresses, ttlMs: undefined };
      },
    },
    httpClient: {
      request: async ({ url }) => {
        const page = world.pages?.[url];
        if (page === undefined) return { kind: "failed", reason: "ECONNREFUSED" };
        return {
          kind: "answered",
          status: 200,
          body: page.body ?? "",
          headers: page.headers ?? {},
        };
      },
    },
    processes: fakeProcesses(world.programs ?? {}),
    env: { PATH: "/usr/bin", ...world.env },
  };
}

/** Runs it to its end, moving time when it waits. */
export async function outcomeOf(check: Check, world: World = {}): Promise<CheckOutcome> {
  const time = world.time ?? new FakeTime();
  const ports = fakePorts({ ...world, time });
  let outcome: CheckOutcome | undefined;
  void Promise.resolve(check.run(ports)).then((found) => {
    outcome = found;
  });
  for (let turn = 0; turn < 1_000 && outcome === undefined; turn += 1) {
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    if (turn % 50 === 49) time.advance(1_000);
  }
  assert(outcome !== undefined, `${check.name} did not end`);
  return outcome;
}

/** Errors, then warnings. */
export async function found(check: Check, world: World = {}): Promise<readonly string[]> {
  const { errors, warnings } = await outcomeOf(check, world);
  return [
    ...errors.map(({ message }) => `E ${message}`),
    ...warnings.map(({ message }) => `W ${message}`),
  ];
}
