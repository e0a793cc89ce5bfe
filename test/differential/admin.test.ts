// The admin pages after the same traffic: what tools and people read from Envoy they must read from ours.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { Client } from "./harness/client.ts";
import { catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { get, post } from "./harness/request.ts";
import { type Pair, type Side, sidesOf, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

interface Page {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

async function page(side: Side, path: string, method = "GET"): Promise<Page> {
  const answer = await fetch(side.adminUrl(path), { method, headers: { connection: "close" } });
  const headers = [
    "content-type",
    "cache-control",
    "x-content-type-options",
    "server",
    "transfer-encoding",
  ];
  return {
    status: answer.status,
    headers: headers.map((name) => `${name}: ${answer.headers.get(name)}`),
    body: (await answer.text()).replaceAll(side.place.ip, "SIDE"),
  };
}

const both = (path: string, method = "GET"): Promise<Page[]> =>
  Promise.all(sidesOf(pair).map((side) => page(side, path, method)));

/** A page of JSON with its list in the order of names: that of clusters is the hash table's in Envoy. */
function sortedByName(each: Page | undefined): unknown {
  const data = JSON.parse(each?.body ?? "{}") as Record<string, { readonly name: string }[]>;
  const byName = (
    list: readonly { readonly name: string }[],
  ): readonly { readonly name: string }[] => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(Object.entries(data).map(([key, list]) => [key, byName(list)]));
}

/** Equal pages; returns Envoy's. */
async function expectSamePage(path: string, method = "GET"): Promise<Page> {
  const [envoy, ours] = await both(path, method);
  expect(ours).toEqual(envoy);
  return envoy ?? { status: 0, headers: [], body: "" };
}

async function traffic(side: Side): Promise<void> {
  const methods = ["GET", "POST", "GET", "GET"];
  const client = await Client.connect(side.place.ip, side.place.port("in"));
  const requests = [get("/a"), post("/a", "abc"), get("/nowhere"), get("/refused")];
  for (const [i, bytes] of requests.entries()) {
    client.write(bytes);
    await client.step({ untilResponses: i + 1 }, methods, 2000);
  }
  await client.close();
  await side.origin("a").closeConnections();
}

/** Names of /stats, with what they hold: counters and gauges by value, histograms by the number of values recorded. */
function stats(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(\S+): (.*)$/.exec(line);
    if (match !== null) found.set(match[1] ?? "", match[2] ?? "");
  }
  return found;
}

/** Groups whose values say something about the traffic, and are the same in every run. */
const DETERMINISTIC =
  /^(?:cluster\.(?:a|refused)\.|http\.in\.|listener\.SIDE_\d+\.(?:downstream|http|worker_0)|cluster_manager\.|listener_manager\.(?:listener_|total_listeners))/;
const VARIES = /_bytes_|_buffered|_ms$|_time$|_length|delayed_close/;

/** What is Envoy's own machinery: its allocator, threads and libraries. */
const NOT_OURS =
  /^(?:main_thread|workers|overload|envoy\.overload|thread_local_cluster_manager|dns\.|http1\.|runtime|dispatcher|server\.(?:main_thread|worker_\d+|compilation|dropped_stat|envoy_bug|debug_assert|wip_protos|static_unknown|dynamic_unknown|seconds_until|stats_recent|hot_restart|initialization|parent_connections|watchdog))|admin/;

describe.skipIf(mustSkip(findPeer("envoy")))("admin, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: ["a"],
      ports: ["in", "other", "refused"],
      resources: (place) => ({
        listeners: [
          httpListener(place, "in", {
            virtualHosts: [
              catchAll([
                route({ prefix: "/a" }, to("a")),
                route({ prefix: "/refused" }, to("refused")),
              ]),
            ],
          }),
          httpListener(place, "other", {
            virtualHosts: [catchAll([route({ prefix: "/" }, to("a"))])],
          }),
        ],
        clusters: [
          cluster(place, "a", ["a"], { outlier_detection: {} }),
          cluster(place, "refused", ["refused"]),
        ],
      }),
    });
    await Promise.all(sidesOf(pair).map(traffic));
    await Bun.sleep(100);
  }, 20_000);
  afterAll(() => stopPair(pair));

  test("/ready", async () => {
    expect((await expectSamePage("/ready")).body).toBe("LIVE\n");
  });

  test.each([
    "/clusters?filter=^a$",
    "/clusters?filter=^refused$",
    "/listeners",
    "/listeners?format=text",
    "/stats?filter=^cluster\\.a\\.upstream_rq_(200|2xx|completed)$",
    "/stats?filter=^cluster\\.a\\.upstream_rq_200$&format=json",
    "/stats?type=Nothing",
  ])("%s", async (path) => {
    const { body } = await expectSamePage(path);
    expect(body.length).toBeGreaterThan(5);
  });

  test.each(["/clusters?format=json", "/listeners?format=json"])("%s, as data", async (path) => {
    const [envoy, ours] = await both(path);
    expect(envoy?.status).toBe(200);
    expect(sortedByName(ours)).toEqual(sortedByName(envoy));
    expect(ours?.headers).toEqual(envoy?.headers ?? []);
  });

  test("/clusters: all of them, in an order of its own on each side", async () => {
    const [envoy, ours] = await both("/clusters");
    const lines = (each: Page | undefined): string[] => each?.body.split("\n").sort() ?? [];
    expect(lines(envoy).length).toBeGreaterThan(40);
    expect(lines(ours)).toEqual(lines(envoy));
  });

  test.each([
    ["/stats?filter=(", "GET", 400],
    ["/quitquitquit", "GET", 405],
    ["/reset_counters", "GET", 405],
    ["/no-such-page", "GET", 404],
    ["/healthcheck/fail", "GET", 405],
    ["/logging", "GET", 405],
  ] as const)("%s by %s: %i", async (path, method, status) => {
    const [envoy, ours] = await both(path, method);
    expect(envoy?.status).toBe(status);
    // The list of commands that follows a 404 has one line a command, and Envoy has more of them; the regex engines differ in words.
    const firstLine = (each: Page | undefined): unknown => [
      each?.status,
      each?.headers,
      each?.body.split(/\n|: /)[0],
    ];
    expect(firstLine(ours)).toEqual(firstLine(envoy));
  });

  test("/server_info: the fields that tools read", async () => {
    const [envoy, ours] = (await both("/server_info")).map(
      (each) => JSON.parse(each.body) as Record<string, Record<string, unknown>>,
    );
    expect(envoy?.["state"] as unknown).toBe("LIVE");
    expect(ours?.["state"]).toEqual(envoy?.["state"]);
    expect(Object.keys(ours ?? {}).sort()).toEqual(Object.keys(envoy ?? {}).sort());
    for (const option of ["concurrency", "config_path", "mode"]) {
      const value = (info: typeof envoy): string =>
        String(info?.["command_line_options"]?.[option]).replace(/.*\//, "");
      expect(`${option} ${value(ours)}`).toBe(`${option} ${value(envoy)}`);
    }
  });

  test("/stats: every name that Envoy has, with the same value where it does not vary", async () => {
    const [envoy = new Map(), ours = new Map()] = (await both("/stats")).map((each) =>
      stats(each.body),
    );
    const wanted = [...envoy.keys()].filter((name) => !NOT_OURS.test(name));
    expect(wanted.length).toBeGreaterThan(400);
    expect(wanted.filter((name) => !ours.has(name))).toEqual([]);
    const compared = wanted.filter((name) => DETERMINISTIC.test(name) && !VARIES.test(name));
    expect(compared.length).toBeGreaterThan(300);
    const pick = (from: Map<string, string>): string[] =>
      compared.map((name) => `${name}: ${from.get(name)}`);
    expect(pick(ours)).toEqual(pick(envoy));
  });

  test("/stats: no name of a group that Envoy has there and does not know", async () => {
    const [envoy = new Map(), ours = new Map()] = (await both("/stats")).map((each) =>
      stats(each.body),
    );
    const group =
      /^(?:cluster|http(?!\.admin)|listener(?!\.admin)|cluster_manager|listener_manager)\./;
    expect([...ours.keys()].filter((name) => group.test(name) && !envoy.has(name))).toEqual([]);
  });

  test("/stats/prometheus: names and labels", async () => {
    const series = (text: string): Set<string> =>
      new Set(
        text
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith("#"))
          .map((line) => line.slice(0, line.lastIndexOf(" "))),
      );
    const [envoy = new Set<string>(), ours = new Set<string>()] = (
      await both("/stats/prometheus")
    ).map((each) => series(each.body));
    const wanted = [...envoy].filter(
      (name) => /^envoy_(?:cluster|http|listener)_/.test(name) && !/_admin/.test(name),
    );
    expect(wanted.length).toBeGreaterThan(400);
    expect(wanted.filter((name) => !ours.has(name))).toEqual([]);
  });

  test("/stats/prometheus: types", async () => {
    const types = (text: string): string[] =>
      text
        .split("\n")
        .filter((line) => /^# TYPE envoy_(?:cluster|http|listener)_/.test(line))
        .sort();
    const [envoy = [], ours = []] = (await both("/stats/prometheus")).map((each) =>
      types(each.body),
    );
    expect(envoy.length).toBeGreaterThan(100);
    expect(envoy.filter((line) => !ours.includes(line))).toEqual([]);
  });

  test("/config_dump: sections in Envoy's order, with the same static resources", async () => {
    interface Dump {
      readonly configs: readonly Record<string, unknown>[];
    }
    const [envoy, ours] = (await both("/config_dump")).map((each) => JSON.parse(each.body) as Dump);
    const kinds = (dump: Dump | undefined): unknown[] =>
      dump?.configs.map((each) => each["@type"]) ?? [];
    expect(kinds(envoy).length).toBeGreaterThan(3);
    expect(kinds(ours)).toEqual(kinds(envoy));
    const names = (
      dump: Dump | undefined,
      kind: string,
      list: string,
      inner: string,
    ): unknown[] => {
      const section = dump?.configs.find((each) => String(each["@type"]).endsWith(kind));
      return ((section?.[list] ?? []) as Record<string, Record<string, unknown>>[]).map(
        (each) => each[inner]?.["name"],
      );
    };
    expect(names(envoy, "ClustersConfigDump", "static_clusters", "cluster")).toEqual([
      "a",
      "refused",
    ]);
    expect(names(ours, "ClustersConfigDump", "static_clusters", "cluster")).toEqual([
      "a",
      "refused",
    ]);
    expect(names(ours, "ListenersConfigDump", "static_listeners", "listener")).toEqual(
      names(envoy, "ListenersConfigDump", "static_listeners", "listener"),
    );
  });

  test("failing the health check by hand, and back", async () => {
    for (const path of ["/healthcheck/fail", "/healthcheck/ok"]) {
      expect((await expectSamePage(path, "POST")).body).toBe("OK\n");
      await expectSamePage("/ready");
    }
  });

  test("/reset_counters", async () => {
    expect((await expectSamePage("/reset_counters", "POST")).body).toBe("OK\n");
    await expectSamePage("/stats?filter=^cluster\\.a\\.upstream_rq_(total|200)$");
  });
});
