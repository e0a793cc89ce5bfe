// Which host a request goes to: the order of balancers, weights, priorities, and hosts that outlier detection has ejected.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { Client } from "./harness/client.ts";
import {
  catchAll,
  cluster,
  endpoint,
  httpListener,
  type Json,
  type Place,
  route,
  to,
} from "./harness/config.ts";
import { get, response } from "./harness/request.ts";
import { type Pair, type Side, sidesOf, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

const HOSTS = ["a", "b", "c"] as const;

/** From now on every origin answers with its name; those in `failing` with 500. */
function answerByName(side: Side, failing: readonly string[] = []): void {
  for (const [name, origin] of side.origins) {
    const line = failing.includes(name) ? "500 No" : "200 OK";
    origin.expect([{ steps: [response(line, name)] }]);
  }
}

/** Sends requests one after the other on one connection; `status body` of each answer. Envoy's workers learn of an ejection in the pause. */
async function ask(side: Side, path: string, count: number, pauseMs = 0): Promise<string[]> {
  const methods = Array.from({ length: count }, () => "GET");
  const client = await Client.connect(side.place.ip, side.place.port("in"));
  for (let i = 1; i <= count; i += 1) {
    client.write(get(path));
    await client.step({ untilResponses: i }, methods, 3000);
    if (pauseMs > 0) await Bun.sleep(pauseMs);
  }
  const { messages } = await client.finish(methods, count, 3000);
  return messages.map((message) => `${message.head.slice(9, 12)} ${message.body}`);
}

const bothSides = <T>(run: (side: Side) => Promise<T>): Promise<T[]> =>
  Promise.all(sidesOf(pair).map(run));

/** The same cycle whatever its start: the rotation that sorts first. */
function cycleOf(picks: readonly string[], period: number): string {
  const cycle = picks.slice(0, period);
  expect(picks).toEqual(picks.map((_, i) => cycle[i % period] ?? ""));
  const rotations = cycle.map((_, i) => [...cycle.slice(i), ...cycle.slice(0, i)].join(" "));
  return rotations.sort()[0] ?? "";
}

const weighted = (
  place: Place,
  name: string,
  weights: readonly number[],
  extra: Json = {},
): Json => ({
  ...cluster(place, name, []),
  ...extra,
  load_assignment: {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: weights.map((weight, i) =>
          endpoint(place.ip, place.port(HOSTS[i] ?? ""), { load_balancing_weight: weight }),
        ),
      },
    ],
  },
});

const locality = (place: Place, port: string, priority: number, health = "HEALTHY"): Json => ({
  priority,
  locality: { region: `r${priority}` },
  lb_endpoints: [endpoint(place.ip, place.port(port), { health_status: health })],
});

const prioritised = (place: Place, name: string, first: string): Json => ({
  ...cluster(place, name, []),
  load_assignment: {
    cluster_name: name,
    endpoints: [locality(place, "a", 0, first), locality(place, "b", 1)],
  },
});

/** Without it Envoy tells its workers of a second ejection only a second after the first. */
const AT_ONCE: Json = { common_lb_config: { update_merge_window: "0s" } };
const EJECTING: Json = {
  consecutive_5xx: 2,
  interval: "0.1s",
  base_ejection_time: "0.4s",
  max_ejection_percent: 100,
};

const clusters = (place: Place): Json[] => [
  cluster(place, "round-robin", HOSTS),
  weighted(place, "weighted-round-robin", [1, 2, 3]),
  weighted(place, "weighted-least-request", [1, 2, 3], { lb_policy: "LEAST_REQUEST" }),
  cluster(place, "random", HOSTS, { lb_policy: "RANDOM" }),
  cluster(place, "least-request", ["a", "b"], { lb_policy: "LEAST_REQUEST" }),
  prioritised(place, "first-priority", "HEALTHY"),
  prioritised(place, "second-priority", "UNHEALTHY"),
  cluster(place, "ejecting", ["a", "b"], { outlier_detection: EJECTING, ...AT_ONCE }),
  cluster(place, "ten-percent", ["a", "b"], { outlier_detection: { consecutive_5xx: 2 } }),
  cluster(place, "refusing", ["a", "refused"], {
    outlier_detection: { ...EJECTING, base_ejection_time: "30s" },
    ...AT_ONCE,
  }),
  cluster(place, "all-ejected", ["a", "b"], {
    outlier_detection: { ...EJECTING, base_ejection_time: "30s" },
    ...AT_ONCE,
  }),
  cluster(place, "no-panic", ["a", "b"], {
    outlier_detection: { ...EJECTING, base_ejection_time: "30s" },
    common_lb_config: { healthy_panic_threshold: { value: 0 }, update_merge_window: "0s" },
  }),
  cluster(place, "gateway", ["a", "b"], {
    outlier_detection: {
      ...EJECTING,
      consecutive_5xx: 100,
      consecutive_gateway_failure: 2,
      enforcing_consecutive_gateway_failure: 100,
    },
  }),
];

async function outlierStats(side: Side, name: string): Promise<string[]> {
  const text = await side.admin(
    `/stats?filter=^cluster\\.${name}\\.(outlier_detection|lb_healthy_panic|membership)`,
  );
  return text.split("\n").sort();
}

/** `flags` of the hosts of a cluster, in order. */
async function healthFlags(side: Side, name: string): Promise<string[]> {
  const text = await side.admin(`/clusters?filter=^${name}$`);
  return [...text.matchAll(/::health_flags::(.*)$/gm)].map((match) => match[1] ?? "");
}

describe.skipIf(mustSkip(findPeer("envoy")))("hosts, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: HOSTS,
      ports: ["in", "refused"],
      resources: (place) => {
        const all = clusters(place);
        const names = all.map((each) => String(each["name"]));
        return {
          listeners: [
            httpListener(place, "in", {
              virtualHosts: [catchAll(names.map((name) => route({ path: `/${name}` }, to(name))))],
            }),
          ],
          clusters: all,
        };
      },
    });
  }, 20_000);
  afterAll(() => stopPair(pair));

  test("round robin: hosts in turn, wherever it starts", async () => {
    const cycles = await bothSides(async (side) => {
      answerByName(side);
      return cycleOf(await ask(side, "/round-robin", 9), 3);
    });
    expect(cycles).toEqual(["200 a 200 b 200 c", "200 a 200 b 200 c"]);
  });

  test.each(["/weighted-round-robin", "/weighted-least-request"])(
    "%s: the same cycle of six",
    async (path) => {
      const [envoy, ours] = await bothSides(async (side) => {
        answerByName(side);
        return cycleOf(await ask(side, path, 18), 6);
      });
      expect(ours).toBe(envoy ?? "");
    },
  );

  test("random: even by chi-square", async () => {
    for (const picks of await bothSides(async (side) => {
      answerByName(side);
      return ask(side, "/random", 600);
    })) {
      const counts = HOSTS.map((name) => picks.filter((pick) => pick === `200 ${name}`).length);
      const chiSquare = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
      expect(chiSquare).toBeLessThan(18.4); // two degrees of freedom, p = 0.0001
    }
  });

  test("least request: the busy one of two gets a quarter", async () => {
    for (const [isBusyFirst, count] of await bothSides(async (side) => {
      answerByName(side);
      const busy = await Client.connect(side.place.ip, side.place.port("in"));
      for (const origin of side.origins.values())
        origin.expect([{ steps: [{ waitMs: 1500 }, response("200 OK")] }]);
      busy.write(get("/least-request"));
      await until(() => [...side.origins.values()].some((origin) => origin.requests.length > 0));
      const isFirst = side.origin("a").requests.length > 0;
      answerByName(side);
      const picks = await ask(side, "/least-request", 400);
      await busy.close();
      const busyName = isFirst ? "200 a" : "200 b";
      return [isFirst, picks.filter((pick) => pick === busyName).length] as const;
    })) {
      expect(typeof isBusyFirst).toBe("boolean");
      expect(Math.abs(count - 100)).toBeLessThan(36); // 4 standard deviations of a binomial of 400 and 1/4
    }
  });

  test("priorities: the first while it is healthy, else the second", async () => {
    for (const answers of await bothSides(async (side) => {
      answerByName(side);
      return [await ask(side, "/first-priority", 4), await ask(side, "/second-priority", 4)];
    })) {
      expect(answers).toEqual([Array(4).fill("200 a"), Array(4).fill("200 b")]);
    }
  });

  test("outlier detection: two 500s eject a host, time brings it back", async () => {
    const [envoy, ours] = await bothSides(async (side) => {
      answerByName(side, ["b"]);
      const before = await ask(side, "/ejecting", 12, 5);
      const flags = await healthFlags(side, "ejecting");
      const stats = await outlierStats(side, "ejecting");
      await until(
        async () => (await healthFlags(side, "ejecting")).every((flag) => flag === "healthy"),
        3000,
      );
      answerByName(side);
      const after = await ask(side, "/ejecting", 4);
      return {
        failed: before.filter((each) => each === "500 b").length,
        last: before.slice(-6),
        flags,
        stats,
        after: [...after].sort(),
        statsAfter: await outlierStats(side, "ejecting"),
      };
    });
    expect(envoy).toMatchObject({
      failed: 2,
      last: Array(6).fill("200 a"),
      flags: ["healthy", "/failed_outlier_check"],
      after: ["200 a", "200 a", "200 b", "200 b"],
    });
    expect(ours).toEqual(envoy);
  });

  test.each([
    ["ten-percent", ["b"], 12, ["healthy", "healthy"]],
    ["refusing", [], 10, ["healthy", "/failed_outlier_check"]],
    ["all-ejected", ["a", "b"], 12, ["/failed_outlier_check", "/failed_outlier_check"]],
    ["no-panic", ["a", "b"], 8, ["/failed_outlier_check", "/failed_outlier_check"]],
    ["gateway", ["b"], 8, ["healthy", "healthy"]],
  ] as const)("outlier detection: %s", async (name, failing, count, flags) => {
    const [envoy, ours] = await bothSides(async (side) => {
      answerByName(side, failing);
      const answers = await ask(side, `/${name}`, count, 5);
      return {
        answers: [...answers].sort(),
        flags: await healthFlags(side, name),
        stats: await outlierStats(side, name),
      };
    });
    expect(envoy?.flags).toEqual([...flags]);
    expect(ours).toEqual(envoy);
  });
});
