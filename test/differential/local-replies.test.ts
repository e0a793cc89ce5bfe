// Answers that the proxy gives itself, and upstreams that refuse, break off, lie or stay silent: body, flags, details, counters.
import { afterAll, beforeAll, describe } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Case, testCases } from "./harness/cases.ts";
import { catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { OK, type OriginScript } from "./harness/origin.ts";
import { get, head, post, request } from "./harness/request.ts";
import { type Pair, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

const grpc = ["Content-Type: application/grpc", "TE: trailers"];

const NO_UPSTREAM: readonly Case[] = [
  {
    name: "no virtual host",
    send: [head("GET / HTTP/1.1", ["Host: unknown"])],
    to: "narrow",
    status: [404],
  },
  { name: "no route", send: [get("/nowhere")], status: [404] },
  { name: "no route, HEAD", send: [request("HEAD /nowhere")], status: [404] },
  {
    name: "no route, body not read: the connection closes",
    send: [post("/nowhere", "abc") + get("/nowhere")],
    status: [404],
  },
  {
    name: "no route, with a body that does not come",
    send: [request("POST /nowhere", ["Content-Length: 10"], "abc")],
    status: [404],
  },
  {
    name: "no route, gRPC",
    send: [request("POST /nowhere", [...grpc, "Content-Length: 0"])],
    status: [200],
  },
  { name: "no cluster of that name", send: [get("/header", ["x-cluster: nobody"])], status: [503] },
  { name: "no cluster named", send: [get("/header")], status: [503] },
  {
    name: "no cluster, status of its own",
    send: [get("/header404", ["x-cluster: nobody"])],
    status: [404],
  },
  { name: "a cluster without hosts", send: [get("/empty")], status: [503] },
  { name: "a cluster without hosts, HEAD", send: [request("HEAD /empty")], status: [503] },
  {
    name: "a cluster without hosts, gRPC",
    send: [request("POST /empty", [...grpc, "Content-Length: 0"])],
    status: [200],
  },
  { name: "direct response", send: [get("/direct")], status: [200] },
  { name: "direct response, HEAD", send: [request("HEAD /direct")], status: [200] },
  { name: "direct response without a body", send: [get("/teapot")], status: [418] },
  {
    name: "direct response, body not read: the connection closes",
    send: [post("/direct", "abc") + get("/direct")],
    status: [200],
  },
  {
    name: "direct response, gRPC",
    send: [request("POST /forbidden", [...grpc, "Content-Length: 0"])],
    status: [200],
  },
  { name: "redirect", send: [get("/redirect?q=1")], status: [301] },
  {
    name: "Connection: close on a local reply",
    send: [get("/nowhere", ["Connection: close"])],
    status: [404],
  },
];

const upstream = (
  name: string,
  scripts: readonly OriginScript[],
  status: number,
  extra: Partial<Case> = {},
): Case => ({
  name,
  send: [get("/a")],
  origin: scripts,
  status: [status],
  ...extra,
});

const FAILURES: readonly Case[] = [
  { name: "refused", send: [get("/refused")], status: [503] },
  { name: "refused, POST", send: [post("/refused", "abc")], status: [503] },
  { name: "refused, HEAD", send: [request("HEAD /refused")], status: [503] },
  {
    name: "refused, gRPC",
    send: [request("POST /refused", [...grpc, "Content-Length: 0"])],
    status: [200],
  },
  { name: "refused, kept connection", send: [get("/refused") + get("/a")], status: [503, 200] },
  upstream("FIN before the head", [{ steps: ["FIN"] }], 503),
  upstream("RST before the head", [{ steps: ["RST"] }], 503),
  upstream("FIN in the head", [{ steps: ["HTTP/1.1 200 OK\r\nA: 1", "FIN"] }], 502),
  upstream("RST in the head", [{ steps: ["HTTP/1.1 200 OK\r\nA: 1", { waitMs: 20 }, "RST"] }], 502),
  upstream("FIN before the head, POST", [{ steps: ["FIN"] }], 503, { send: [post("/a", "abc")] }),
  upstream(
    "FIN in a body with a length",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", { waitMs: 20 }, "FIN"] }],
    200,
  ),
  upstream(
    "RST in a body with a length",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", { waitMs: 20 }, "RST"] }],
    200,
  ),
  upstream(
    "FIN in a chunked body",
    [
      {
        steps: [
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
          { waitMs: 20 },
          "FIN",
        ],
      },
    ],
    200,
  ),
  upstream(
    "a bad chunk in a body",
    [
      {
        steps: [
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
          { waitMs: 20 },
          "xyz\r\n",
          "untilClosed",
        ],
      },
    ],
    200,
  ),
  upstream(
    "a kept connection that the origin closed is not used",
    [{ steps: [OK, { waitMs: 10 }, "FIN"] }, { steps: [OK] }],
    200,
    { send: [get("/a"), { untilResponses: 1 }, { waitMs: 40 }, get("/a")], status: [200, 200] },
  ),
  upstream(
    "a kept connection that the origin closes on the second request",
    [{ steps: [OK] }, { steps: ["FIN"] }],
    200,
    { send: [get("/a"), { untilResponses: 1 }, get("/a")], status: [200, 503] },
  ),
];

const bad = (name: string, text: string, extra: Partial<Case> = {}): Case =>
  upstream(name, [{ steps: [text, "untilClosed"] }], 502, extra);

/** Row 17 of safety.md 1.2. */
const stricter = (name: string, text: string, status: number): Case =>
  bad(`${name}: we refuse it`, text, {
    status: [status],
    limitMs: 300,
    departure: { status: [502], why: name },
  });

/** What is not HTTP, or not what was asked for. */
const MALFORMED: readonly Case[] = [
  bad("no HTTP at all", "hello\r\n\r\n"),
  bad("status line of letters", "HTTP/1.1 abc OK\r\n\r\n"),
  stricter("HTTP/2.0", "HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
  stricter("status of two digits", "HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n", 20),
  stricter("status 600", "HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n", 600),
  stricter("obs-fold", "HTTP/1.1 200 OK\r\na: 1\r\n 2\r\ncontent-length: 0\r\n\r\n", 200),
  stricter("LF ends a line", "HTTP/1.1 200 OK\na: 1\r\ncontent-length: 0\r\n\r\n", 200),
  stricter("CR in a value", "HTTP/1.1 200 OK\r\na: 1\r2\r\ncontent-length: 0\r\n\r\n", 200),
  bad(
    "content-length and chunked",
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ),
  bad("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"),
  bad("content-length: abc", "HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\nabc"),
  bad("transfer-encoding: gzip", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc"),
  bad("NUL in a value", "HTTP/1.1 200 OK\r\nA: 1\x002\r\ncontent-length: 0\r\n\r\n"),
  bad("space before a colon", "HTTP/1.1 200 OK\r\nA : 1\r\ncontent-length: 0\r\n\r\n"),
  bad(
    "101 fields",
    head(
      "HTTP/1.1 200 OK",
      Array.from({ length: 101 }, (_, i) => `f${i}: 1`),
    ),
  ),
  bad("a head of 90 KiB", head("HTTP/1.1 200 OK", [`a: ${"x".repeat(90 * 1024)}`])),
  upstream(
    "more bytes than the length says",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore", "untilClosed"] }],
    200,
  ),
  upstream("a second response that nobody asked for", [{ steps: [OK + OK, "untilClosed"] }], 200),
  upstream(
    "a response without a request on a kept connection",
    [{ steps: [OK, { waitMs: 20 }, OK, "untilClosed"] }, { steps: [OK] }],
    200,
    { send: [get("/a"), { untilResponses: 1 }, { waitMs: 60 }, get("/a")], status: [200, 200] },
  ),
  upstream(
    "a body after 204",
    [{ steps: ["HTTP/1.1 204 No Content\r\n\r\nabc", "untilClosed"] }],
    204,
  ),
  upstream(
    "a body to HEAD",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", "untilClosed"] }],
    200,
    { send: [request("HEAD /a")] },
  ),
];

const SILENT: OriginScript = { steps: ["untilClosed"] };

const TIMEOUTS: readonly Case[] = [
  upstream("route timeout", [SILENT], 504, { send: [get("/slow")] }),
  upstream("route timeout, POST", [SILENT], 504, { send: [post("/slow", "abc")] }),
  upstream(
    "route timeout with the body under way",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "untilClosed"] }],
    200,
    { send: [get("/slow")] },
  ),
  upstream("route timeout, gRPC", [SILENT], 200, {
    send: [request("POST /slow", [...grpc, "Content-Length: 0"])],
  }),
  upstream(
    "x-envoy-upstream-rq-timeout-ms from an external request is not honoured",
    [{ steps: [{ waitMs: 40 }, OK] }],
    200,
    { send: [get("/a", ["x-envoy-upstream-rq-timeout-ms: 10"])] },
  ),
  upstream("per-try timeout", [SILENT], 504, { send: [get("/try")] }),
  upstream("stream idle timeout before the answer", [SILENT], 504, { send: [get("/idle")] }),
  upstream(
    "stream idle timeout in the answer",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "untilClosed"] }],
    200,
    { send: [get("/idle")] },
  ),
  {
    name: "stream idle timeout in the request",
    send: [request("POST /idle", ["Content-Length: 10"], "abc")],
    status: [408],
  },
  { name: "request headers timeout", send: ["GET / HTTP/1.1\r\nHost"], to: "hasty", status: [408] },
  {
    name: "request timeout in the body",
    send: [request("POST /a", ["Content-Length: 10"], "abc")],
    to: "hasty",
    status: [408],
  },
  {
    name: "idle timeout of the connection",
    send: [get("/a"), { untilResponses: 1 }, { waitMs: 250 }],
    to: "hasty",
    status: [200],
  },
  {
    name: "maximum duration of a stream",
    send: [get("/a")],
    origin: [SILENT],
    to: "short",
    status: [504],
  },
  {
    name: "maximum of requests on a connection",
    send: [get("/a"), { untilResponses: 1 }, get("/a")],
    to: "short",
    status: [200, 200],
  },
];

describe.skipIf(mustSkip(findPeer("envoy")))("local replies, Envoy and ours", () => {
  beforeAll(async () => {
    const timeout = (prefix: string, extra: object) => route({ prefix }, to("a", { ...extra }));
    pair = await startPair({
      origins: ["a"],
      ports: ["in", "narrow", "hasty", "short", "refused"],
      resources: (place) => ({
        listeners: [
          httpListener(place, "in", {
            virtualHosts: [
              catchAll([
                route({ prefix: "/refused" }, to("refused")),
                route({ prefix: "/empty" }, to("empty")),
                route(
                  { prefix: "/header404" },
                  {
                    route: {
                      cluster_header: "x-cluster",
                      cluster_not_found_response_code: "NOT_FOUND",
                    },
                  },
                ),
                route({ prefix: "/header" }, { route: { cluster_header: "x-cluster" } }),
                route(
                  { prefix: "/direct" },
                  { direct_response: { status: 200, body: { inline_string: "hello\n" } } },
                ),
                route({ prefix: "/teapot" }, { direct_response: { status: 418 } }),
                route(
                  { prefix: "/forbidden" },
                  { direct_response: { status: 403, body: { inline_string: "no way: 100% \n" } } },
                ),
                route({ prefix: "/redirect" }, { redirect: { host_redirect: "other.example" } }),
                timeout("/slow", { timeout: "0.06s" }),
                timeout("/try", {
                  retry_policy: { retry_on: "retriable-4xx", per_try_timeout: "0.06s" },
                }),
                timeout("/idle", { idle_timeout: "0.06s" }),
                route({ prefix: "/a" }, to("a")),
              ]),
            ],
          }),
          httpListener(place, "narrow", {
            virtualHosts: [
              { name: "known", domains: ["known"], routes: [route({ prefix: "/" }, to("a"))] },
            ],
          }),
          httpListener(place, "hasty", {
            virtualHosts: [catchAll([route({ prefix: "/" }, to("a"))])],
            manager: {
              request_headers_timeout: "0.08s",
              request_timeout: "0.12s",
              common_http_protocol_options: { idle_timeout: "0.15s" },
            },
          }),
          httpListener(place, "short", {
            virtualHosts: [catchAll([route({ prefix: "/" }, to("a"))])],
            manager: {
              common_http_protocol_options: {
                max_stream_duration: "0.08s",
                max_requests_per_connection: 2,
              },
            },
          }),
        ],
        clusters: [
          cluster(place, "a", ["a"]),
          cluster(place, "refused", ["refused"]),
          cluster(place, "empty", []),
        ],
      }),
    });
  }, 20_000);
  afterAll(() => stopPair(pair));

  describe("no upstream", () => testCases(() => pair, NO_UPSTREAM));
  describe("failures", () => testCases(() => pair, FAILURES));
  describe("malformed answers", () => testCases(() => pair, MALFORMED));
  describe("timeouts", () => testCases(() => pair, TIMEOUTS));
});
