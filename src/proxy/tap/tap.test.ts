// Live requests through the admin interface of a proxy with two workers: what is shown, what is refused, what is left out.
import { expect, test } from "bun:test";
import type { Peer } from "../testing/peer.ts";
import {
  ADMIN,
  LISTENER,
  listenerJson,
  routesJson,
  WorkerPair,
} from "../worker/testing/worker-pair.ts";
import { MAX_TAPS, MAX_TRACES_PER_SECOND, MAX_UNREAD_BYTES } from "./limits.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http";
const TAP_FILTER = {
  name: "envoy.filters.http.tap",
  typed_config: {
    "@type": `${TYPE}.tap.v3.Tap`,
    common_config: { admin_config: { config_id: "outbound" } },
  },
};
const FAULT_FILTER = {
  name: "envoy.filters.http.fault",
  typed_config: {
    "@type": `${TYPE}.fault.v3.HTTPFault`,
    headers: [{ name: "x-fault", present_match: true }],
    abort: { http_status: 503, percentage: { numerator: 100 } },
  },
};
const ROUTER_FILTER = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": `${TYPE}.router.v3.Router` },
};

type Json = Readonly<Record<string, unknown>>;

const ANY: Json = { any_match: true };
const OUTPUT: Json = {
  sinks: [{ format: "JSON_BODY_AS_STRING", streaming_admin: {} }],
  max_buffered_rx_bytes: 0,
  max_buffered_tx_bytes: 0,
};

const tapRequest = (match: Json, more: Json = {}, output: Json = OUTPUT): Json => ({
  config_id: "outbound",
  tap_config: { match, output_config: output, ...more },
});

async function setUp(): Promise<WorkerPair> {
  const route_config = {
    ...routesJson("r", "origin"),
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        routes: [
          { match: { prefix: "/old" }, route: { cluster: "origin", prefix_rewrite: "/new" } },
          { match: { prefix: "/" }, route: { cluster: "origin" } },
        ],
      },
    ],
  };
  const http_filters = [TAP_FILTER, FAULT_FILTER, ROUTER_FILTER];
  const hcm = { route_config, http_filters, generate_request_id: false };
  const pair = new WorkerPair({ listener: listenerJson("http", LISTENER, hcm) });
  await pair.run();
  return pair;
}

async function openTap(pair: WorkerPair, request: Json | string, query = ""): Promise<Peer> {
  const body = typeof request === "string" ? request : JSON.stringify(request);
  const head = `POST /tap${query} HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n`;
  return pair.client(0, head + body, ADMIN);
}

async function send(pair: WorkerPair, worker: 0 | 1, path: string, ...fields: string[]) {
  const head = [`GET ${path} HTTP/1.1`, "host: reviews", ...fields].join("\r\n");
  const peer = await pair.client(worker, `${head}\r\n\r\n`);
  const origin = pair.origins[worker];
  if (origin?.peers.some((upstream) => upstream.take() !== "")) {
    origin.last.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-secret: s\r\n\r\nhello");
    await pair.run();
  }
  peer.socket?.close();
  await pair.run();
}

interface Shown {
  readonly method?: string;
  readonly path?: string;
  readonly status?: string;
  readonly details?: Json;
}

/** The objects that came since the last call, shortened; checks that the whole is JSON objects one after another. */
function shown(tap: Peer): Shown[] {
  const text = tap
    .take()
    .replace(/^HTTP[\s\S]*?\r\n\r\n/, "")
    .replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n(?=[0-9a-f]+\r\n|$)/g, "$1");
  const objects = text === "" ? [] : JSON.parse(`[${text.replaceAll("\n}\n{", "\n},\n{")}]`);
  return objects.map((object: Record<string, never>) => {
    const trace = object["http_buffered_trace"] as Record<string, never> | undefined;
    const value = (part: "request" | "response", key: string): string =>
      (trace?.[part] as { headers: { key: string; value: string }[] } | undefined)?.headers.find(
        (field) => field.key === key,
      )?.value ?? "";
    return {
      ...(trace && {
        method: value("request", ":method"),
        path: value("request", ":path"),
        status: value("response", ":status"),
      }),
      ...(object["sampan"] === undefined ? {} : { details: object["sampan"] }),
    };
  });
}

test("requests of all workers are shown while somebody looks on, and bodies never", async () => {
  const pair = await setUp();
  await send(pair, 0, "/before");
  const tap = await openTap(pair, tapRequest(ANY));
  expect(tap.received).toStartWith("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=UTF-8");
  await send(pair, 0, "/a");
  await send(pair, 1, "/b");
  expect(tap.received).toContain('"x-secret"');
  expect(tap.received).not.toContain("hello");
  expect(shown(tap)).toEqual([
    { method: "GET", path: "/a", status: "200" },
    { method: "GET", path: "/b", status: "200" },
  ]);
  tap.socket?.close();
  await pair.run();
  const { stats } = pair.proxy;
  const tapped = () =>
    stats.snapshot().scalars.find(({ name }) => name === "http.in.tap.rq_tapped");
  const before = tapped()?.value;
  await send(pair, 0, "/after");
  await send(pair, 1, "/after");
  expect(tapped()?.value).toBe(before as number);
  expect(tap.take()).toBe("");
});

test("the form of a trace is Envoy's", async () => {
  const pair = await setUp();
  const tap = await openTap(pair, tapRequest(ANY));
  await send(pair, 0, "/a?b=1", "x-one: 1");
  const text = tap.take().replace(/^HTTP[\s\S]*?\r\n\r\n[0-9a-f]+\r\n/, "");
  expect(text).toStartWith('{\n "http_buffered_trace": {\n  "request": {\n   "headers": [\n');
  const trace = JSON.parse(text.replace(/\r\n$/, ""))["http_buffered_trace"];
  expect(trace.request.headers.slice(0, 5)).toEqual([
    { key: ":authority", value: "reviews", raw_value: "" },
    { key: ":path", value: "/a?b=1", raw_value: "" },
    { key: ":method", value: "GET", raw_value: "" },
    { key: ":scheme", value: "http", raw_value: "" },
    { key: "x-one", value: "1", raw_value: "" },
  ]);
  expect(trace.request.headers_received_time).toBe("2026-01-02T03:04:05.000000Z");
  expect(trace.response.body).toEqual({ as_string: "", truncated: true });
  expect(trace.downstream_connection.local_address.socket_address).toMatchObject({
    address: LISTENER.host,
    port_value: LISTENER.port,
  });
  expect(trace.upstream_connection.remote_address.socket_address.port_value).toBe(80);
});

test("rules see the request as it came, and the response as it went", async () => {
  const pair = await setUp();
  const path = (prefix: string): Json => ({
    http_request_headers_match: { headers: [{ name: ":path", string_match: { prefix } }] },
  });
  const status = (prefix: string): Json => ({
    http_response_headers_match: { headers: [{ name: ":status", string_match: { prefix } }] },
  });
  const both = await openTap(
    pair,
    tapRequest({ and_match: { rules: [path("/old"), status("2")] } }),
  );
  const either = await openTap(
    pair,
    tapRequest({ or_match: { rules: [path("/x"), status("5")] } }),
  );
  const not = await openTap(pair, tapRequest({ not_match: path("/old") }));
  await send(pair, 0, "/old/1");
  await send(pair, 1, "/x");
  await send(pair, 0, "/old/2", "x-fault: 1");
  expect(shown(both).map((one) => one.path)).toEqual(["/new/1"]);
  expect(shown(either).map((one) => `${one.path} ${one.status}`)).toEqual(["/x 200", "/old/2 503"]);
  expect(shown(not).map((one) => one.path)).toEqual(["/x"]);
});

test("details tell what Envoy's trace does not", async () => {
  const pair = await setUp();
  const tap = await openTap(pair, tapRequest(ANY), "?details");
  await send(pair, 0, "/a", "x-fault: 1");
  expect(shown(tap)[0]?.details).toEqual({
    response_flags: "FI",
    response_code_details: "fault_filter_abort",
    upstream_cluster: "origin",
    route_name: "",
    duration_ms: 0,
    bytes_received: 0,
    bytes_sent: 18,
  });
});

test("a share of the requests is looked at", async () => {
  const pair = await setUp();
  const sampling = { tap_enabled: { default_value: { numerator: 25, denominator: "HUNDRED" } } };
  const tap = await openTap(pair, tapRequest(ANY, sampling));
  for (let i = 0; i < 200; i += 1) await send(pair, 0, "/a");
  const count = shown(tap).length;
  expect(count).toBeGreaterThan(25);
  expect(count).toBeLessThan(75);
});

test("more than anybody can read is left out and counted, in every worker apart", async () => {
  const pair = await setUp();
  const tap = await openTap(pair, tapRequest(ANY), "?details");
  const request = "GET /a HTTP/1.1\r\nhost: h\r\nx-fault: 1\r\n\r\n";
  await pair.client(0, request.repeat(MAX_TRACES_PER_SECOND + 7));
  await pair.advance(1000);
  await pair.client(1, request.repeat(3));
  await pair.client(0, request);
  const all = shown(tap);
  expect(all.filter((one) => one.path === "/a")).toHaveLength(MAX_TRACES_PER_SECOND + 4);
  expect(all.filter((one) => one.path === undefined)).toEqual([{ details: { dropped: 7 } }]);
});

test("a reader that does not read holds a limited amount, and hears what it missed", async () => {
  const pair = await setUp();
  const tap = await openTap(pair, tapRequest(ANY), "?details");
  tap.socket?.pause();
  const request = `GET /a HTTP/1.1\r\nhost: h\r\nx-fault: 1\r\nx-long: ${"y".repeat(20_000)}\r\n\r\n`;
  const before = tap.receivedBytes;
  for (let round = 0; round < 5; round += 1) {
    await pair.client(0, request.repeat(60));
    await pair.advance(1000);
  }
  tap.socket?.resume();
  await pair.run();
  const held = tap.receivedBytes - before;
  expect(held).toBeGreaterThan(MAX_UNREAD_BYTES / 2);
  expect(held).toBeLessThan(MAX_UNREAD_BYTES * 1.2);
  const first = shown(tap).length;
  await pair.client(0, request);
  const [notice, last] = shown(tap);
  expect(notice).toEqual({ details: { dropped: 300 - first } });
  expect(last?.path).toBe("/a");
});

test("a tap that nothing passes stays open as long as its reader does", async () => {
  const pair = await setUp();
  const tap = await openTap(pair, tapRequest(ANY));
  await pair.advance(3_600_000);
  expect(tap.isClosed).toBe(false);
  await send(pair, 1, "/late");
  expect(shown(tap).map((one) => one.path)).toEqual(["/late"]);
});

test(`${MAX_TAPS} may look on, and one that leaves makes room`, async () => {
  const pair = await setUp();
  const taps: Peer[] = [];
  for (let i = 0; i < MAX_TAPS; i += 1) taps.push(await openTap(pair, tapRequest(ANY)));
  const refused = await openTap(pair, tapRequest(ANY));
  expect(refused.received).toStartWith("HTTP/1.1 400 Bad Request");
  expect(refused.received).toContain("There are 4 /tap admin streams already.");
  taps[0]?.socket?.close();
  await pair.run();
  expect((await openTap(pair, tapRequest(ANY))).received).toStartWith("HTTP/1.1 200 OK");
});

const sink = (format: string, more: Json = { streaming_admin: {} }): Json => ({
  ...OUTPUT,
  sinks: [{ format, ...more }],
});

test.each<[string, Json | string, string]>([
  ["no body", "", "/tap requires a JSON/YAML body"],
  ["no document", "a: [", "body:1:"],
  ["an unknown field", { ...tapRequest(ANY), nope: 1 }, "nope"],
  ["no config id", { tap_config: { match: ANY, output_config: OUTPUT } }, "config_id"],
  ["another config id", { ...tapRequest(ANY), config_id: "x" }, 'Unknown config id "x".'],
  ["no rule", tapRequest({}), "tap_config.match: one of or_match, "],
  ["bodies", tapRequest({ http_request_generic_body_match: {} }), "bodies are never looked at"],
  [
    "kept bodies",
    tapRequest(ANY, {}, { ...OUTPUT, max_buffered_rx_bytes: 10 }),
    "tap_config.output_config.max_buffered_rx_bytes: must be 0: bodies are never shown",
  ],
  [
    "streamed traces",
    tapRequest(ANY, {}, { ...OUTPUT, streaming: true }),
    "tap_config.output_config.streaming: not supported",
  ],
  ["protobuf", tapRequest(ANY, {}, sink("PROTO_BINARY")), "sinks[0].format: not supported"],
  [
    "a file",
    tapRequest(ANY, {}, sink("JSON_BODY_AS_STRING", { file_per_tap: { path_prefix: "/x" } })),
    "file_per_tap",
  ],
  ["two sinks", tapRequest(ANY, {}, { ...OUTPUT, sinks: [] }), "sinks"],
])("%s: 400, and says where", async (_name, request, said) => {
  const pair = await setUp();
  const answer = await openTap(pair, request);
  expect(answer.received).toStartWith("HTTP/1.1 400 Bad Request");
  expect(answer.received).toContain(said);
});

test("a request in pieces is read, one without end is not, and GET is not allowed", async () => {
  const pair = await setUp();
  const body = JSON.stringify(tapRequest(ANY));
  const head = "POST /tap HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
  const tap = await pair.client(0, head, ADMIN);
  for (const byte of body) {
    tap.send(`1\r\n${byte}\r\n`);
    await pair.run();
  }
  tap.send("0\r\n\r\n");
  await pair.run();
  expect(tap.received).toStartWith("HTTP/1.1 200 OK");
  const flood = await pair.client(0, `${head}20000\r\n${"x".repeat(0x2_0000)}\r\n`, ADMIN);
  expect(flood.received).toStartWith("HTTP/1.1 413");
  expect(await pair.admin("/tap")).toContain("Method GET not allowed, POST required.");
});
