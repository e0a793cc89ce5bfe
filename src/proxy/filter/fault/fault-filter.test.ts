import { describe, expect, test } from "bun:test";
import { SILENT_LOG } from "#base/log.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { FaultConfig, FractionalPercent } from "../../config/fault-config.ts";
import { Dispatcher } from "../../dispatcher.ts";
import { StreamRecord } from "../../http/stream-record.ts";
import { formatFlags, withFlag } from "../../response-flags.ts";
import type { RouteEntry, RouteTable } from "../../route/route-table.ts";
import { createRequest } from "../../route/testing/request.ts";
import { createRoutes, createTable } from "../../route/testing/table.ts";
import { StatsStore } from "../../stats/stats-store.ts";
import { statOf } from "../../upstream/testing/upstream-fixtures.ts";
import type { FilterStream, HttpFilter, HttpFilterFactory } from "../filter.ts";
import { createFaultFactory } from "./fault-filter.ts";

const ADDRESS = { host: "127.0.0.1", port: 1 };

/** A stream that writes down what the filter does to it. */
class FaultedStream extends StreamRecord implements FilterStream {
  readonly dispatcher: Dispatcher;
  random = 0;
  routeEntry: RouteEntry | undefined = undefined;
  clusterName: string | undefined = undefined;
  outcome = "none";
  grpcStatus: number | undefined = undefined;

  constructor(dispatcher: Dispatcher) {
    super({
      id: 1,
      remoteAddress: ADDRESS,
      localAddress: ADDRESS,
      filterChainName: "",
      requestedServerName: undefined,
    });
    this.dispatcher = dispatcher;
  }

  continueRequest(): void {
    this.outcome = "continued";
  }

  sendLocalReply(status: number, body: string, details: string, grpcStatus?: number): void {
    this.outcome = `${status} ${body} (${details})`;
    this.grpcStatus = grpcStatus;
  }

  addFlag(flag: number): void {
    this.responseFlags = withFlag(this.responseFlags, flag);
  }
}

interface World {
  readonly time: FakeTime;
  readonly stats: StatsStore;
  /** Numbers to draw; 0, which strikes whenever anything does, once they are used up. */
  readonly draws: number[];
  readonly factory: HttpFilterFactory;
  stream(): { stream: FaultedStream; filter: HttpFilter };
}

function createWorld(config: FaultConfig): World {
  const time = new FakeTime();
  const stats = new StatsStore();
  const draws: number[] = [];
  const random = { u32: () => draws.shift() ?? 0 };
  const dispatcher = new Dispatcher({ clock: time, timers: time, random, log: SILENT_LOG });
  const factory = createFaultFactory(config, "http.ingress.fault.", { stats });
  return {
    time,
    stats,
    draws,
    factory,
    stream: () => {
      const stream = new FaultedStream(dispatcher);
      return { stream, filter: factory.createFilter(stream) };
    },
  };
}

const always: FractionalPercent = { numerator: 100, denominator: 100 };
const NONE: FaultConfig = {
  delay: undefined,
  abort: undefined,
  upstreamCluster: "",
  downstreamNodes: [],
  headers: [],
  maxActiveFaults: undefined,
};
const ABORT_503: FaultConfig = {
  ...NONE,
  abort: { kind: "http", status: 503, percentage: always },
};
const DELAY_100: FaultConfig = {
  ...NONE,
  delay: { kind: "fixed", delayMs: 100, percentage: always },
};
const BY_HEADER: FaultConfig = {
  ...NONE,
  delay: { kind: "header", percentage: { numerator: 50, denominator: 100 } },
  abort: { kind: "header", percentage: { numerator: 50, denominator: 100 } },
};

function request(headers: Readonly<Record<string, string>> = {}): RequestHead {
  return createRequest({ headers: Object.entries(headers) });
}

/** Sends `head` through a filter, waits until nothing is held up, and says what became of it. */
function outcomeOf(world: World, head: RequestHead, set?: (stream: FaultedStream) => void): string {
  const { stream, filter } = world.stream();
  stream.requestHead = head;
  set?.(stream);
  const before = world.time.nowMs();
  if (filter.onRequestHead(head) === "continue") stream.outcome = "continued";
  while (stream.outcome === "none") world.time.advance(10);
  filter.onStreamEnd();
  const waited = world.time.nowMs() - before;
  const grpc = stream.grpcStatus === undefined ? "" : ` grpc ${stream.grpcStatus}`;
  const status = stream.outcome.replace(" fault filter abort (fault_filter_abort)", "");
  return `${status}${grpc} after ${waited} ms ${formatFlags(stream.responseFlags)}`;
}

describe("what a request suffers", () => {
  const both: FaultConfig = { ...DELAY_100, abort: ABORT_503.abort };
  const grpc: FaultConfig = { ...NONE, abort: { kind: "grpc", status: 14, percentage: always } };
  const zero: FaultConfig = { ...NONE, delay: { kind: "fixed", delayMs: 0, percentage: always } };
  test.each<[string, FaultConfig, Readonly<Record<string, string>>, string]>([
    // what                         config     headers                                              outcome
    [
      "nothing configured",
      /*   */ NONE,
      /* */ {},
      /*                                            */ "continued after 0 ms -",
    ],
    [
      "an abort",
      /*             */ ABORT_503,
      {},
      /*                                             */ "503 after 0 ms FI",
    ],
    [
      "a gRPC abort",
      /*         */ grpc,
      /* */ {},
      /*                                            */ "200 grpc 14 after 0 ms FI",
    ],
    [
      "a delay",
      /*              */ DELAY_100,
      {},
      /*                                             */ "continued after 100 ms DI",
    ],
    [
      "a delay, then an abort",
      /**/ both,
      /* */ {},
      /*                                            */ "503 after 100 ms DI,FI",
    ],
    [
      "a delay of 0 is none",
      /* */ zero,
      /* */ {},
      /*                                            */ "continued after 0 ms -",
    ],
    [
      "nothing asked for",
      /*    */ BY_HEADER,
      {},
      /*                                             */ "continued after 0 ms -",
    ],
    [
      "an abort asked for",
      /*   */ BY_HEADER,
      { "abort-request": "418" },
      /*                     */ "418 after 0 ms FI",
    ],
    [
      "with a sign",
      /*          */ BY_HEADER,
      { "abort-request": "+418" },
      /*                    */ "418 after 0 ms FI",
    ],
    [
      "status too low",
      /*       */ BY_HEADER,
      { "abort-request": "199" },
      /*                     */ "continued after 0 ms -",
    ],
    [
      "status too high",
      /*      */ BY_HEADER,
      { "abort-request": "600" },
      /*                     */ "continued after 0 ms -",
    ],
    [
      "no number",
      /*            */ BY_HEADER,
      { "abort-request": "503x" },
      /*                    */ "continued after 0 ms -",
    ],
    [
      "a negative number",
      /*    */ BY_HEADER,
      { "abort-request": "-503" },
      /*                    */ "continued after 0 ms -",
    ],
    [
      "a gRPC abort asked for",
      /**/ BY_HEADER,
      { "abort-grpc-request": "7" },
      /*                  */ "200 grpc 7 after 0 ms FI",
    ],
    [
      "HTTP wins over gRPC",
      /*  */ BY_HEADER,
      { "abort-request": "500", "abort-grpc-request": "7" },
      "500 after 0 ms FI",
    ],
    [
      "gRPC when HTTP is empty",
      /**/ BY_HEADER,
      { "abort-request": "", "abort-grpc-request": "7" },
      "200 grpc 7 after 0 ms FI",
    ],
    [
      "a delay asked for",
      /*    */ BY_HEADER,
      { "delay-request": "30" },
      /*                      */ "continued after 30 ms DI",
    ],
    [
      "a delay of 0 asked for",
      /**/ BY_HEADER,
      { "delay-request": "0" },
      /*                       */ "continued after 0 ms -",
    ],
    [
      "both asked for",
      /*       */ BY_HEADER,
      { "delay-request": "30", "abort-request": "500" },
      "500 after 30 ms DI,FI",
    ],
    [
      "headers not configured",
      /**/ NONE,
      /* */ { "delay-request": "30", "abort-request": "500" },
      "continued after 0 ms -",
    ],
  ])("%s", (_what, config, asked, outcome) => {
    const headers = Object.fromEntries(
      Object.entries(asked).map(([name, value]) => [`x-envoy-fault-${name}`, value]),
    );
    expect(outcomeOf(createWorld(config), request(headers))).toBe(outcome);
  });
});

describe("percentages", () => {
  const percent = (numerator: number, denominator: 100 | 10_000 | 1_000_000): FaultConfig => ({
    ...NONE,
    abort: { kind: "http", status: 503, percentage: { numerator, denominator } },
  });
  test.each<[FaultConfig, number, string, string | undefined]>([
    // config                draw        outcome                   asked percentage
    [percent(50, 100), /* */ 149, /*  */ "503 after 0 ms FI", /**/ undefined],
    [percent(50, 100), /* */ 150, /*  */ "continued after 0 ms -", undefined],
    [percent(0, 100), /*  */ 0, /*    */ "continued after 0 ms -", undefined],
    [percent(1, 10_000), /**/ 20_000, /**/ "503 after 0 ms FI", /**/ undefined],
    [percent(1, 10_000), /**/ 1, /*    */ "continued after 0 ms -", undefined],
    [percent(1, 1_000_000), 999_999, "continued after 0 ms -", undefined],
    [BY_HEADER, /*        */ 19, /*   */ "500 after 0 ms FI", /**/ "20"],
    [BY_HEADER, /*        */ 20, /*   */ "continued after 0 ms -", "20"],
    [BY_HEADER, /*        */ 49, /*   */ "500 after 0 ms FI", /**/ "90"],
    [BY_HEADER, /*        */ 50, /*   */ "continued after 0 ms -", "90"],
    [BY_HEADER, /*        */ 49, /*   */ "500 after 0 ms FI", /**/ "many"],
    [BY_HEADER, /*        */ 49, /*   */ "500 after 0 ms FI", /**/ "4294967296"],
  ])("%#: %j draws %d: %s", (config, draw, outcome, asked) => {
    const world = createWorld(config);
    if (config.delay !== undefined) world.draws.push(99);
    world.draws.push(draw);
    const headers = { "x-envoy-fault-abort-request": "500" };
    const percentage = { "x-envoy-fault-abort-request-percentage": asked ?? "" };
    expect(
      outcomeOf(world, request(asked === undefined ? headers : { ...headers, ...percentage })),
    ).toBe(outcome);
  });

  test("delay and abort are drawn apart", () => {
    const half: FractionalPercent = { numerator: 50, denominator: 100 };
    const world = createWorld({
      ...NONE,
      delay: { kind: "fixed", delayMs: 20, percentage: half },
      abort: { kind: "http", status: 500, percentage: half },
    });
    world.draws.push(0, 99, 99, 0, 0, 0, 99, 99);
    const outcomes = [1, 2, 3, 4].map(() => outcomeOf(world, request()));
    expect(outcomes).toEqual([
      "continued after 20 ms DI",
      "500 after 0 ms FI",
      "500 after 20 ms DI,FI",
      "continued after 0 ms -",
    ]);
  });
});

describe("which requests a fault concerns", () => {
  const forCluster = createWorld({ ...ABORT_503, upstreamCluster: "reviews" });
  const forNodes = createWorld({ ...ABORT_503, downstreamNodes: ["a", "b"] });
  const forHeader = createWorld({
    ...ABORT_503,
    headers: [
      {
        name: headerName("end-user"),
        test: { kind: "string", matcher: { kind: "exact", value: "jason", ignoreCase: false } },
        invert: false,
        treatMissingAsEmpty: false,
      },
    ],
  });
  const node = "x-envoy-downstream-service-node";
  test.each<[string, World, Readonly<Record<string, string>>, string | undefined, boolean]>([
    // what                    world       headers                 cluster          concerned
    ["its cluster", /*      */ forCluster, {}, /*               */ "reviews", /*   */ true],
    ["another cluster", /*  */ forCluster, {}, /*               */ "ratings", /*   */ false],
    ["no cluster", /*       */ forCluster, {}, /*               */ undefined, /*   */ false],
    ["one of its nodes", /* */ forNodes, { [node]: "b" }, /*    */ "ratings", /*   */ true],
    ["another node", /*     */ forNodes, { [node]: "bb" }, /*   */ "ratings", /*   */ false],
    ["no node", /*          */ forNodes, {}, /*                 */ "ratings", /*   */ false],
    ["its header", /*       */ forHeader, { "end-user": "jason" }, "ratings", true],
    ["another value", /*    */ forHeader, { "end-user": "mary" }, "ratings", false],
    ["no header", /*        */ forHeader, {}, /*                */ "ratings", /*   */ false],
  ])("%s", (_what, world, headers, clusterName, isConcerned) => {
    const outcome = outcomeOf(world, request(headers), (stream) => {
      stream.clusterName = clusterName;
    });
    expect(outcome).toBe(isConcerned ? "503 after 0 ms FI" : "continued after 0 ms -");
  });
});

describe("levels", () => {
  const fault = (status: number): string =>
    `typed_per_filter_config: {envoy.filters.http.fault: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, abort: {http_status: ${status}, percentage: {numerator: 100}}}}`;
  const off = `typed_per_filter_config: {envoy.filters.http.fault: {"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}}`;

  function sent(table: RouteTable, path: string, random = 0): string {
    const head = createRequest({ path });
    return outcomeOf(createWorld(ABORT_503), head, (stream) => {
      stream.random = random;
      stream.routeEntry = table.match(head, random);
    });
  }

  test("a route's fault replaces the filter's, and may switch it off", () => {
    const table = createRoutes(`
- {match: {path: /own}, route: {cluster: a}, ${fault(510)}}
- {match: {path: /off}, route: {cluster: a}, ${off}}
- {match: {prefix: /}, route: {cluster: a}}`);
    expect(sent(table, "/own")).toBe("510 after 0 ms FI");
    expect(sent(table, "/off")).toBe("continued after 0 ms -");
    expect(sent(table, "/")).toBe("503 after 0 ms FI");
  });

  test("a virtual host's fault stands where the route has none", () => {
    const table = createTable(`
virtual_hosts:
- name: all
  domains: ["*"]
  ${fault(511)}
  routes:
  - {match: {path: /own}, route: {cluster: a}, ${fault(510)}}
  - {match: {prefix: /}, route: {cluster: a}}`);
    expect(sent(table, "/own")).toBe("510 after 0 ms FI");
    expect(sent(table, "/")).toBe("511 after 0 ms FI");
  });

  test("a weighted cluster's fault is that of the choice, by place and not by name", () => {
    const table = createRoutes(`
- match: {prefix: /}
  ${fault(510)}
  route:
    weighted_clusters:
      clusters:
      - {name: a, weight: 50, ${fault(520)}}
      - {name: a, weight: 30, ${off}}
      - {name: a, weight: 20}`);
    expect(sent(table, "/", 49)).toBe("520 after 0 ms FI");
    expect(sent(table, "/", 50)).toBe("continued after 0 ms -");
    expect(sent(table, "/", 80)).toBe("510 after 0 ms FI");
    const single = createRoutes(`
- match: {prefix: /}
  route: {weighted_clusters: {clusters: [{name: a, weight: 1, ${fault(520)}}]}}`);
    expect(sent(single, "/")).toBe("520 after 0 ms FI");
  });
});

describe("what is counted", () => {
  const stat = (world: World, name: string): number | undefined =>
    statOf(world.stats, `http.ingress.fault.${name}`);

  test("faults, in all and by downstream cluster", () => {
    const world = createWorld({ ...DELAY_100, abort: ABORT_503.abort });
    outcomeOf(world, request());
    outcomeOf(world, request({ "x-envoy-downstream-service-cluster": "shop" }));
    expect(stat(world, "delays_injected")).toBe(2);
    expect(stat(world, "aborts_injected")).toBe(2);
    expect(stat(world, "shop.delays_injected")).toBe(1);
    expect(stat(world, "shop.aborts_injected")).toBe(1);
    expect(stat(world, "active_faults")).toBe(0);
  });

  test("names from headers do not grow the statistics without bound", () => {
    const world = createWorld(ABORT_503);
    for (let i = 0; i < 1500; i += 1) {
      outcomeOf(world, request({ "x-envoy-downstream-service-cluster": `c${i}` }));
    }
    expect(stat(world, "aborts_injected")).toBe(1500);
    expect(stat(world, "c999.aborts_injected")).toBe(1);
    expect(stat(world, "c1000.aborts_injected")).toBeUndefined();
  });

  test("a stream that is delayed is an active fault, until the delay is over", () => {
    const world = createWorld({ ...DELAY_100, maxActiveFaults: 1 });
    const first = world.stream();
    const second = world.stream();
    first.stream.requestHead = request();
    second.stream.requestHead = request();
    expect(first.filter.onRequestHead(request())).toBe("stop");
    expect(stat(world, "active_faults")).toBe(1);
    expect(second.filter.onRequestHead(request())).toBe("continue");
    expect(stat(world, "faults_overflow")).toBe(1);
    world.time.advance(110);
    expect(first.stream.outcome).toBe("continued");
    expect(stat(world, "active_faults")).toBe(0);
    expect(second.filter.onRequestHead(request())).toBe("stop");
    first.filter.onStreamEnd();
    expect(stat(world, "active_faults")).toBe(1);
  });

  test("a stream that ends while it is delayed takes its timer and its count with it", () => {
    const world = createWorld(DELAY_100);
    const { stream, filter } = world.stream();
    stream.requestHead = request();
    filter.onRequestHead(request());
    filter.onStreamEnd();
    world.time.advance(1000);
    expect(stream.outcome).toBe("none");
    expect(stat(world, "active_faults")).toBe(0);
    expect(stat(world, "delays_injected")).toBe(1);
  });

  test("an aborted stream is an active fault until it ends, and the filter serves the next request", () => {
    const world = createWorld({ ...ABORT_503, maxActiveFaults: 1 });
    const { stream, filter } = world.stream();
    stream.requestHead = request();
    expect(filter.onRequestHead(request())).toBe("stop");
    expect(stat(world, "active_faults")).toBe(1);
    filter.onStreamEnd();
    expect(stat(world, "active_faults")).toBe(0);
    expect(filter.onRequestHead(request())).toBe("stop");
    expect(stat(world, "faults_overflow")).toBe(0);
  });
});
