// Instances that come, change, crash and go, on a virtual clock and over processes in memory.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import type { Net } from "#base/net.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { parseObjects } from "#pilot/config/parse-objects.ts";
import { Instances } from "./instances.ts";
import { type InstancePlan, planMesh } from "./plan.ts";
import { type FakeProcess, FakeProcesses } from "./testing/fake-processes.ts";
import { SILENT_PARTS } from "./testing/silent-parts.ts";

/** One instance of details; `command` is what it runs. */
function plans(command: string): readonly InstancePlan[] {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata:
  name: details
  annotations: { sampan.dev/run: ${command} }
spec:
  template: { ports: { http: 9080 } }
  probe: { periodSeconds: 1, failureThreshold: 1, httpGet: { path: /health, port: 9080 } }
`;
  return planMesh(parseObjects(yaml, "details.yaml").objects).instances;
}

/** Everything around the instances: programs, their answers to probes, and a pilot that listens or is away. */
class World implements HttpClient {
  readonly time = new FakeTime();
  readonly processes = new FakeProcesses();
  readonly told: string[] = [];
  readonly said: string[] = [];
  /** What the pilot answers; 0: it is away. */
  pilotStatus = 200;
  /** Sidecars run, but have no configuration yet. */
  sidecarsStart = false;
  /** Hosts whose programs answer their probe. */
  readonly healthy = new Set<string>();
  readonly instances: Instances;

  constructor() {
    const say = (part: string, text: string): unknown => this.said.push(`${part}: ${text}`);
    this.processes.isObedient = true;
    this.instances = new Instances({
      directory: "/mesh",
      env: {},
      xds: { host: "127.0.0.1", port: 15010 },
      pilotHttp: { host: "127.0.0.1", port: 15014 },
      pilotCommand: ["pilot"],
      proxyCommand: (file) => ["proxy", file],
      ports: {
        clock: this.time,
        timers: this.time,
        net: undefined as unknown as Net, // probes here are requests
        httpClient: this,
        processes: this.processes,
      },
      reporter: {
        step: say,
        event: say,
        warning: say,
        error: say,
        crash: say,
        output() {},
      },
      parts: SILENT_PARTS,
      writeFile: (name) => name,
      isPortFree: () => true,
    });
    this.instances.startSidecars();
  }

  async request({ url, body }: { readonly url: string; readonly body?: string }) {
    const answer = (status: number): HttpAnswer =>
      status === 0 ? { kind: "failed", reason: "away" } : { kind: "answered", status, body: "" };
    const { hostname, pathname } = new URL(url);
    if (pathname === "/ready") {
      const isRunning = this.running().includes(SIDECAR(hostname));
      return answer(!isRunning ? 0 : this.sidecarsStart ? 503 : 200);
    }
    if (pathname === "/health") return answer(this.healthy.has(hostname) ? 200 : 503);
    const { healthy, address } = JSON.parse(body ?? "{}") as Record<string, unknown>;
    this.told.push(`${address} ${healthy}${this.pilotStatus === 200 ? "" : " not heard"}`);
    return answer(this.pilotStatus);
  }

  /** Time passes in small steps, so that promises settle in between. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.time.advance(50);
      for (let i = 0; i < 10; i += 1) await Promise.resolve();
    }
  }

  running(): string[] {
    return this.processes.started
      .filter((process) => process.isRunning)
      .map((process) => process.options.command.join(" "));
  }

  processOf(command: string): FakeProcess {
    const found = this.processes.started.findLast(
      (process) => process.options.command.join(" ") === command,
    );
    if (found === undefined) throw new Error(`never started: ${command}`);
    return found;
  }
}

const OLD = "127.0.1.2";
const NEW = "127.0.1.3";
const SIDECAR = (host: string): string => `proxy proxies/details-1-${host}.json`;

async function serving(): Promise<World> {
  const world = new World();
  world.healthy.add(OLD);
  world.instances.apply(plans("one"));
  await world.pass(100);
  expect(world.running()).toEqual(["one", SIDECAR(OLD)]);
  return world;
}

test("an instance gets its sidecar when it is first healthy, and the pilot is told", async () => {
  const world = new World();
  world.instances.apply(plans("one"));
  await world.pass(500);
  expect(world.running()).toEqual(["one"]);
  expect(world.told).toEqual([]);
  world.healthy.add(OLD);
  await world.pass(200);
  expect(world.running()).toEqual(["one", SIDECAR(OLD)]);
  expect(world.told).toEqual([`${OLD} true`]);
});

test("nobody is sent to an instance whose sidecar does not listen yet, or not any more", async () => {
  const world = new World();
  world.sidecarsStart = true;
  world.healthy.add(OLD);
  world.instances.apply(plans("one"));
  await world.pass(2_000);
  expect(world.told).toEqual([]);
  expect(world.instances.waitingFor()).toEqual(["details-1 sidecar"]);
  world.sidecarsStart = false;
  await world.pass(200);
  expect(world.told).toEqual([`${OLD} true`]);
  expect(world.instances.waitingFor()).toEqual([]);
  world.processOf(SIDECAR(OLD)).exit({ signal: "SIGKILL" });
  await world.pass(50);
  expect(world.told).toEqual([`${OLD} true`, `${OLD} false`]);
  await world.pass(1_200);
  expect(world.told).toEqual([`${OLD} true`, `${OLD} false`, `${OLD} true`]);
});

test("an instance that is not healthy is waited for by its name", async () => {
  const world = new World();
  world.instances.apply(plans("one"));
  await world.pass(500);
  expect(world.instances.waitingFor()).toEqual(["details-1"]);
});

test("a pilot that was restarted is told of every instance that joined", async () => {
  const world = await serving();
  world.instances.tellAll();
  await world.pass(50);
  expect(world.told).toEqual([`${OLD} true`, `${OLD} true`]);
});

test("a pilot that is away, or does not know the instance yet, is told until it has heard it", async () => {
  const world = new World();
  world.pilotStatus = 0;
  world.healthy.add(OLD);
  world.instances.apply(plans("one"));
  await world.pass(1_500);
  world.pilotStatus = 404;
  await world.pass(1_000);
  world.pilotStatus = 200;
  await world.pass(5_000);
  const notHeard = world.told.slice(0, -1);
  expect(notHeard.length).toBeGreaterThan(1);
  expect(new Set(notHeard)).toEqual(new Set([`${OLD} true not heard`]));
  expect(world.told.at(-1)).toBe(`${OLD} true`);
});

test("what the pilot missed is not told when it is not true any more", async () => {
  const world = await serving();
  world.pilotStatus = 0;
  world.healthy.delete(OLD);
  await world.pass(1_500);
  world.healthy.add(OLD);
  await world.pass(2_000);
  world.pilotStatus = 200;
  await world.pass(3_000);
  expect(world.told.filter((line) => !line.endsWith("not heard"))).toEqual([
    `${OLD} true`,
    `${OLD} true`,
  ]);
});

test("a changed instance serves on until the one that replaces it is healthy", async () => {
  const world = await serving();
  world.instances.apply(plans("two"));
  await world.pass(1_000);
  expect(world.running()).toEqual(["one", SIDECAR(OLD), "two"]);
  world.healthy.add(NEW);
  await world.pass(500);
  expect(world.told.slice(1)).toEqual([`${NEW} true`, `${OLD} false`]);
  expect(world.running()).toEqual(["one", SIDECAR(OLD), "two", SIDECAR(NEW)]);
  await world.pass(2_500);
  expect(world.running()).toEqual(["two", SIDECAR(NEW)]);
});

test("a change that never becomes healthy takes nothing away, also when it is changed again", async () => {
  const world = await serving();
  for (const command of ["two", "three"]) {
    world.instances.apply(plans(command));
    await world.pass(4_000);
    expect(world.running()).toEqual(["one", SIDECAR(OLD), command]);
  }
  world.healthy.add("127.0.1.4");
  await world.pass(4_000);
  expect(world.running()).toEqual(["three", SIDECAR("127.0.1.4")]);
});

test("an instance out of the configuration leaves the mesh first and stops then", async () => {
  const world = await serving();
  world.instances.apply([]);
  await world.pass(1_900);
  expect(world.told.at(-1)).toBe(`${OLD} false`);
  expect(world.running().length).toBe(2);
  await world.pass(500);
  expect(world.running()).toEqual([]);
});

test("a pilot that was away when an instance left is told while that still runs", async () => {
  const world = await serving();
  world.pilotStatus = 0;
  world.instances.apply([]);
  await world.pass(500);
  world.pilotStatus = 200;
  await world.pass(1_000);
  expect(world.told.slice(1)).toEqual([`${OLD} false not heard`, `${OLD} false`]);
  expect(world.running().length).toBe(2);
});

test.each(["stop", "kill"] as const)(
  "%s leaves nothing, not even what was leaving",
  async (how) => {
    const world = await serving();
    world.instances.apply(plans("two"));
    await world.pass(200);
    world.instances.apply([]);
    await world.pass(200);
    expect(world.running()).toEqual(["one", SIDECAR(OLD), "two"]);
    await world.instances[how]();
    await world.pass(50);
    expect(world.running()).toEqual([]);
    await world.pass(10_000);
    expect(world.running()).toEqual([]);
  },
);

test("a crash is told at once, and health again when the program is back", async () => {
  const world = await serving();
  world.processOf("one").print("out of words");
  world.processOf("one").exit({ code: 1 });
  await world.pass(50);
  expect(world.told.at(-1)).toBe(`${OLD} false`);
  expect(world.said).toContain("details-1: ended with exit status 1; started again in 1 s");
  await world.pass(1_500);
  expect(world.told.at(-1)).toBe(`${OLD} true`);
  expect(world.running()).toEqual([SIDECAR(OLD), "one"]);
});
