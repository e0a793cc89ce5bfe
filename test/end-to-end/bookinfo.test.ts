// The example mesh as a user runs it, once with our proxies and once with stock Envoys, under a load that may not notice anything
// of what happens: tasks come and go, the pilot is killed, programs and sidecars crash. The cases of one data plane share its
// mesh and run in order. No other test may run a mesh at the same time: its ports are fixed.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPortHolder } from "#io/process/port-holder.ts";
import { until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Answer, get, type Target } from "./harness/connection.ts";
import { Load, type Sample, versionOf } from "./harness/load.ts";
import { copyOfExample, GATEWAY, MeshProcess, PILOT } from "./harness/mesh-process.ts";
import { processesOf } from "./harness/processes.ts";
import { CHI_SQUARE_P_001, chiSquareOfHalves, countBy } from "./harness/statistics.ts";
import { UpProcess, userEnvironment } from "./harness/up-process.ts";

const REVIEWS = "/api/v1/products/0/reviews";
const JASON = { "end-user": "jason" };
const CONNECTIONS = 8;
/** A change is live on every proxy within this time of its file. */
const LIVE_MS = 1_000;
/** From the start of the command to the first page, at the most. */
const START_MS = 10_000;

const INSTANCES = [
  "details-v1-1",
  "productpage-v1-1",
  "ratings-v1-1",
  "reviews-v1-1",
  "reviews-v2-1",
  "reviews-v3-1",
];
const PROXIES = [...INSTANCES, "gateway", "host"].sort();
/** The gateway's, the host sidecar's, and those of the six instances, in the order of their names. */
const ADMIN_HOSTS = ["127.0.0.1", "127.0.1.1", ...INSTANCES.map((_, i) => `127.0.1.${i + 2}`)];
const PRODUCTPAGE_ADMIN: Target = { host: "127.0.1.3", port: 15000 };

const envoy = findPeer("envoy");

function failures(samples: readonly Sample[]): readonly string[] {
  return samples.flatMap(({ failure }) => failure ?? []);
}

const versions = (samples: readonly Sample[]): Record<string, number> =>
  countBy(samples, ({ version }) => version);

/** Value of the one statistic whose name matches; 0 when there is none. */
async function stat(admin: Target, name: RegExp): Promise<number> {
  const { body } = await get(admin, "/stats");
  const line = body.split("\n").find((text) => name.test(text));
  return Number(line?.split(": ")[1] ?? 0);
}

describe.each([
  { dataPlane: "sampan", isMissing: false },
  { dataPlane: "envoy", isMissing: mustSkip(envoy) },
])("bookinfo with $dataPlane", ({ dataPlane, isMissing }) => {
  let mesh: MeshProcess;
  let load: Load;

  beforeAll(async () => {
    if (isMissing) return;
    const env = userEnvironment(envoy.kind === "found" ? envoy.path : undefined);
    mesh = await MeshProcess.start(["--data-plane", dataPlane], env);
    console.log(`${dataPlane}: first page after ${(mesh.firstAnswerMs / 1000).toFixed(1)} s`);
  }, 60_000);

  afterEach(() => mesh?.removeTasks());

  afterAll(async () => {
    await load?.stop();
    await mesh?.close();
  }, 30_000);

  /** Requests that were sent `LIVE_MS` after `changedMs` or later. */
  const settled = (changedMs: number, count: number): Promise<readonly Sample[]> =>
    load.sample(count, changedMs + LIVE_MS);

  /** Round robin at one sidecar: even, but for what a new set of endpoints starts anew. */
  const isEven = (counts: Readonly<Record<string, number>>): boolean =>
    ["v1", "v2", "v3"].every((version) => {
      const count = counts[version] ?? 0;
      return count >= 12 && count <= 30;
    });

  /** A busy machine may let an instance miss a probe, which takes it out for a moment: the split must then become even again. */
  async function expectEvenSplit(changedMs: number): Promise<void> {
    const untilMs = performance.now() + 8_000;
    let counts = versions(await settled(changedMs, 60));
    while (!isEven(counts) && performance.now() < untilMs) {
      counts = versions(await settled(performance.now() - LIVE_MS, 60));
    }
    expect([counts, isEven(counts)]).toEqual([counts, true]);
  }

  const expectNoFailure = (): void => {
    const samples = load.take();
    expect(samples.length).toBeGreaterThan(0);
    expect(failures(samples)).toEqual([]);
  };

  async function target(name: string): Promise<Target> {
    const service = (await mesh.services()).find((candidate) => candidate.name === name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return { host: service.address, port: service.port };
  }

  test.skipIf(isMissing)("serves its first page in time", () => {
    expect(mesh.firstAnswerMs).toBeLessThan(START_MS);
  });

  test.skipIf(isMissing)("prints services, versions, addresses, and what to open", () => {
    const output = mesh.up.output();
    expect(output).toMatch(/reviews\.default +v1,v2,v3 +3 +127\.240\.\d+\.\d+:9080/);
    expect(output).toMatch(/productpage-v1-1 +healthy +127\.0\.1\.3 /);
    expect(output).toContain("Open   http://127.0.0.1:8080");
    expect(output).toContain(`data plane: ${dataPlane}.`);
  });

  test.skipIf(isMissing)("300 requests: all answered, a third from each version", async () => {
    const answers: Answer[] = [];
    for (let i = 0; i < 300; i += 1) answers.push(await get(GATEWAY, REVIEWS));
    expect(countBy(answers, ({ status }) => String(status))).toEqual({ "200": 300 });
    const counts = countBy(answers, ({ body }) => versionOf(body));
    for (const version of ["v1", "v2", "v3"]) {
      expect(counts[version]).toBeGreaterThanOrEqual(85);
      expect(counts[version]).toBeLessThanOrEqual(115);
    }
  });

  test.skipIf(isMissing)(
    "the page is HTML, and a path that no route knows is not found",
    async () => {
      const page = await get(GATEWAY, "/productpage");
      expect(page.status).toBe(200);
      expect(page.head).toMatch(/^content-type: text\/html/im);
      expect(page.body).toContain("<h1>The Comedy of Errors</h1>");
      expect(page.body).toMatch(/Reviews served by reviews-v[123]-1/);
      expect((await get(GATEWAY, "/elsewhere")).status).toBe(404);
    },
  );

  test.skipIf(isMissing)(
    "every service is reached at its virtual address, without a sidecar",
    async () => {
      const services = await mesh.services();
      expect(services.map(({ name }) => name).sort()).toEqual([
        "details",
        "productpage",
        "ratings",
        "reviews",
      ]);
      for (const { name, address, port } of services) {
        const path = name === "productpage" ? REVIEWS : `/${name}/0`;
        const answer = await get({ host: address, port }, path);
        expect([name, answer.status]).toEqual([name, 200]);
        const by = name === "productpage" ? "reviews" : name;
        expect(JSON.parse(answer.body).podname).toMatch(new RegExp(`^${by}-v\\d-1$`));
      }
    },
  );

  test.skipIf(isMissing)("a second mesh is refused, and told who holds its ports", async () => {
    const second = new UpProcess(copyOfExample());
    expect(await second.exited).toBe(2);
    const pilot = mesh.up.pidOf(/main\.ts pilot /);
    const output = second.output();
    expect(output).toContain(
      `[ERROR Port-15010]: Port 15010 is in use: 127.0.0.1:15010 is held by process ${pilot} (sampan pilot `,
    );
    expect(output).toMatch(/\[ERROR Port-8080\]: .* held by process \d+ \((?:sampan proxy|envoy) /);
    expect(output).toContain('fix: stop that mesh: "sampan down", or Ctrl-C in its terminal');
    expect(processesOf(second.folder)).toEqual([]);
    rmSync(second.folder, { recursive: true });
  });

  describe("tasks, under load", () => {
    beforeAll(() => {
      if (isMissing) return;
      load = new Load({ target: GATEWAY, path: REVIEWS, connections: CONNECTIONS, pauseMs: 25 });
    });

    test.skipIf(isMissing)("all-v1", async () => {
      load.take();
      const addedMs = mesh.addTask("all-v1");
      expect(versions(await settled(addedMs, 60))).toEqual({ v1: 60 });
      const others = load.take().filter(({ version }) => version !== "v1");
      const lastMs = Math.max(addedMs, ...others.map(({ sentMs }) => sentMs));
      console.log(`${dataPlane}: all-v1 is live after ${Math.ceil(lastMs - addedMs)} ms`);
      expect(failures(others)).toEqual([]);
      await expectEvenSplit(mesh.removeTask("all-v1"));
      expectNoFailure();
    });

    test.skipIf(isMissing)("jason-v2", async () => {
      const addedMs = mesh.addTask("jason-v2");
      expect(Object.keys(versions(await settled(addedMs, 60)))).toEqual(["v1"]);
      for (let i = 0; i < 10; i += 1) {
        expect(versionOf((await get(GATEWAY, REVIEWS, JASON)).body)).toBe("v2");
      }
      await expectEvenSplit(mesh.removeTask("jason-v2"));
      expectNoFailure();
    });

    test.skipIf(isMissing)("half-v1-half-v3", async () => {
      const addedMs = mesh.addTask("half-v1-half-v3");
      let counts = versions(await settled(addedMs, 500));
      // A draw that comes once in a thousand runs does not come twice.
      if (chiSquareOfHalves(counts["v1"] ?? 0, counts["v3"] ?? 0) > CHI_SQUARE_P_001) {
        counts = versions(await load.sample(500, performance.now()));
      }
      expect(Object.keys(counts).sort()).toEqual(["v1", "v3"]);
      const chiSquare = chiSquareOfHalves(counts["v1"] ?? 0, counts["v3"] ?? 0);
      expect(chiSquare).toBeLessThan(CHI_SQUARE_P_001);
      await expectEvenSplit(mesh.removeTask("half-v1-half-v3"));
      expectNoFailure();
    });

    test.skipIf(isMissing)(
      "delay-7s: jason waits for stars, and so sees no reviews; nobody else waits",
      async () => {
        const ratings = await target("ratings");
        mesh.addTask("jason-v2"); // reviews with stars for jason, always
        const addedMs = mesh.addTask("delay-7s");
        await settled(addedMs, 1);
        const [jason, page, ...others] = await Promise.all([
          get(ratings, "/ratings/0", JASON),
          get(GATEWAY, REVIEWS, JASON),
          ...Array.from({ length: 10 }, () => get(ratings, "/ratings/0")),
        ]);
        expect(jason.status).toBe(200);
        expect(jason.tookMs).toBeGreaterThan(6_950); // Envoy's timers count in whole milliseconds, and may begin before ours
        expect(jason.tookMs).toBeLessThan(7_300);
        expect(page.status).toBe(504);
        expect(page.body).toContain("product reviews are currently unavailable");
        // Two tries of 3 s each.
        expect(page.tookMs).toBeGreaterThan(5_900);
        expect(page.tookMs).toBeLessThan(7_000);
        for (const { status, tookMs } of others) {
          expect(status).toBe(200);
          expect(tookMs).toBeLessThan(500);
        }
        mesh.removeTask("jason-v2");
        const removedMs = mesh.removeTask("delay-7s");
        await expectEvenSplit(removedMs);
        expect((await get(ratings, "/ratings/0", JASON)).tookMs).toBeLessThan(500);
        expectNoFailure();
      },
      20_000,
    );

    test.skipIf(isMissing)("abort-500: ratings fail for jason, and for nobody else", async () => {
      const ratings = await target("ratings");
      await settled(mesh.addTask("abort-500"), 1);
      const jason = await get(ratings, "/ratings/0", JASON);
      expect([jason.status, jason.body]).toEqual([500, "fault filter abort"]);
      expect((await get(ratings, "/ratings/0")).status).toBe(200);
      await expectEvenSplit(mesh.removeTask("abort-500"));
      expect((await get(ratings, "/ratings/0", JASON)).status).toBe(200);
      expectNoFailure();
    });

    test.skipIf(isMissing)("circuit-breaker: what overflows is refused at once", async () => {
      const OVERFLOW = /details\.default.*\.upstream_rq_pending_overflow: /;
      const burst = async (): Promise<Record<string, number>> => {
        const answers = await Promise.all(
          Array.from({ length: 30 }, () => get(GATEWAY, "/api/v1/products/0")),
        );
        return countBy(answers, ({ status }) => String(status));
      };
      expect(await burst()).toEqual({ "200": 30 });
      await settled(mesh.addTask("circuit-breaker"), 1);
      const broken = await burst();
      expect(Object.keys(broken).sort()).toEqual(["200", "503"]);
      const overflows = await stat(PRODUCTPAGE_ADMIN, OVERFLOW);
      expect(overflows).toBeGreaterThanOrEqual(broken["503"] ?? 0);
      await settled(mesh.removeTask("circuit-breaker"), 1);
      expect(await burst()).toEqual({ "200": 30 });
      expectNoFailure();
    });

    test.skipIf(isMissing)(
      "bad-instance: three answers of 500, and it is asked no more",
      async () => {
        const details = async (): Promise<number> =>
          (await get(GATEWAY, "/api/v1/products/0")).status;
        mesh.addTask("bad-instance");
        // Its program has to start before the first request can meet it.
        await until(async () => ((await details()) === 500 ? true : undefined), 10_000);
        // Envoy holds a change of hosts back for a second after another one (update_merge_window): the instance's arrival.
        await Bun.sleep(1_200);
        const later: number[] = [];
        for (let i = 0; i < 30; i += 1) later.push(await details());
        expect(later.filter((status) => status === 500).length).toBeLessThanOrEqual(3);
        expect(later.slice(-20)).toEqual(Array.from({ length: 20 }, () => 200));
        const clusters = (await get(PRODUCTPAGE_ADMIN, "/clusters")).body;
        expect(clusters).toMatch(/details\.default.*::health_flags::\/failed_outlier_check/);
        mesh.removeTask("bad-instance");
        expectNoFailure();
      },
      20_000,
    );
  });

  describe("crashes, under load", () => {
    const REVIEWS_V2 = /services\/reviews\.ts v2$/;

    /** What was under way in what was killed may be lost, and nothing else. */
    const expectFewFailures = (killed: string): void => {
      const failed = failures(load.take());
      console.log(`${dataPlane}: ${failed.length} requests failed with ${killed}`);
      expect(failed.length).toBeLessThanOrEqual(CONNECTIONS);
    };

    /** Waits for a process other than `pid` in its place. */
    const successor = (pattern: RegExp, pid: number | undefined): Promise<number> =>
      until(() => {
        const found = mesh.up.pidOf(pattern);
        return found === pid ? undefined : found;
      }, 10_000);

    test.skipIf(isMissing)(
      "the pilot: nobody notices, and changes are live again",
      async () => {
        const pattern = /main\.ts pilot /;
        const pid = mesh.up.pidOf(pattern);
        process.kill(pid ?? 0, "SIGKILL");
        await successor(pattern, pid);
        expect(mesh.up.output()).toContain(
          "[pilot] ended with signal SIGKILL; started again in 1 s; the proxies serve on",
        );
        const killedMs = performance.now();
        const allLive = Object.fromEntries(PROXIES.map((name) => [name, "live"]));
        await until(
          async () => Bun.deepEquals(await mesh.states().catch(() => ({})), allLive),
          30_000,
        );
        const liveMs = performance.now() - killedMs;
        console.log(`${dataPlane}: all live ${(liveMs / 1000).toFixed(1)} s after the restart`);
        expectNoFailure();
        expect(versions(await settled(mesh.addTask("all-v1"), 60))).toEqual({ v1: 60 });
        await expectEvenSplit(mesh.removeTask("all-v1"));
        expectNoFailure();
      },
      50_000,
    );

    test.skipIf(isMissing)(
      "a program: restarted with back-off, and part of the mesh again",
      async () => {
        const pid = mesh.up.pidOf(REVIEWS_V2);
        process.kill(pid ?? 0, "SIGKILL");
        await successor(REVIEWS_V2, pid);
        expect(mesh.up.output()).toContain(
          "[reviews-v2-1] ended with signal SIGKILL; started again in 1 s",
        );
        await until(() => mesh.up.output().endsWith("[reviews-v2-1] healthy\n"), 10_000);
        await expectEvenSplit(performance.now());
        expectFewFailures("a program");
      },
      20_000,
    );

    test.skipIf(isMissing)(
      "a sidecar: restarted with back-off, and part of the mesh again",
      async () => {
        const pattern = /proxy -c .*\/reviews-v2-1-|^envoy -c .*\/reviews-v2-1-/;
        const pid = mesh.up.pidOf(pattern);
        process.kill(pid ?? 0, "SIGKILL");
        await successor(pattern, pid);
        expect(mesh.up.output()).toContain(
          "[reviews-v2-1 proxy] ended with signal SIGKILL; started again in 1 s",
        );
        await until(async () => (await mesh.states())["reviews-v2-1"] === "live", 10_000);
        await expectEvenSplit(performance.now());
        expectFewFailures("a sidecar");
      },
      20_000,
    );
  });

  describe("in the end", () => {
    test.skipIf(isMissing)("no proxy has refused anything", async () => {
      for (const host of ADMIN_HOSTS) {
        const { body } = await get({ host, port: 15000 }, "/stats");
        const lines = body.split("\n").filter((line) => /\.update_rejected: /.test(line));
        for (const type of [/cluster_manager\.cds\./, /listener_manager\.lds\./, /\.rds\./]) {
          expect([host, type.source, lines.some((line) => type.test(line))]).toEqual([
            host,
            type.source,
            true,
          ]);
        }
        expect([host, lines.filter((line) => !line.endsWith(": 0"))]).toEqual([host, []]);
      }
    });

    test.skipIf(isMissing)(
      "changed programs are replaced, also the only one of its kind, and nobody notices",
      async () => {
        const file = join(mesh.up.folder, "workloads.yaml");
        const before = mesh.up.output().length;
        load.take();
        writeFileSync(
          file,
          readFileSync(file, "utf8")
            .replace("bun services/productpage.ts", "bun ./services/productpage.ts")
            .replaceAll("bun services/reviews.ts", "bun ./services/reviews.ts"),
        );
        const left = (): number =>
          mesh.up
            .output()
            .slice(before)
            .match(/ leaves the mesh\n/g)?.length ?? 0;
        await until(() => left() === 4, 10_000);
        const old = /bun services\/(?:productpage|reviews)\.ts/;
        await until(() => mesh.up.pidOf(old) === undefined, 10_000);
        await expectEvenSplit(performance.now() - LIVE_MS);
        expectNoFailure();
        await load.stop();
      },
      30_000,
    );

    test.skipIf(isMissing)(
      "SIGTERM ends all of it: status 0, no process, no port",
      async () => {
        const before = mesh.up.processes();
        expect(before.length).toBeGreaterThanOrEqual(1 + INSTANCES.length + PROXIES.length);
        expect(await mesh.up.stop()).toBe(0);
        expect(mesh.up.processes()).toEqual([]);
        for (const { host, port } of [GATEWAY, PILOT, { host: "127.0.0.1", port: 15010 }]) {
          expect([port, findPortHolder(host, port)]).toEqual([port, undefined]);
        }
        for (const host of ADMIN_HOSTS) expect(findPortHolder(host, 15000)).toBeUndefined();
      },
      30_000,
    );
  });
});
