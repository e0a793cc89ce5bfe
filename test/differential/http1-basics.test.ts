// HTTP/1.1 as it should be: framing both ways, keep-alive, pipelining, bodies that are not there, hop-by-hop fields.
import { afterAll, beforeAll, describe } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Case, testCases } from "./harness/cases.ts";
import { ANY, catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { OK } from "./harness/origin.ts";
import { get, head, post, postChunked, request, response } from "./harness/request.ts";
import { type Pair, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

const BIG = "0123456789abcdef".repeat(8192); // 128 KiB

const REQUESTS: readonly Case[] = [
  { name: "GET", send: [get("/x?y=1", ["User-Agent: t"])], status: [200] },
  {
    name: "names lower-cased, values and order kept",
    send: [get("/", ["B-Two: X  y", "a-ONE:  1\t", "Accept: */*", "B-Two: again"])],
    status: [200],
  },
  { name: "POST with a length", send: [post("/p", "hello")], status: [200] },
  { name: "POST of 128 KiB", send: [post("/p", BIG)], status: [200] },
  { name: "POST without a body gets content-length: 0", send: [request("POST /p")], status: [200] },
  { name: "PROPFIND without a body", send: [request("PROPFIND /p")], status: [200] },
  { name: "PUT without a body", send: [request("PUT /p")], status: [200] },
  { name: "DELETE without a body", send: [request("DELETE /p")], status: [200] },
  { name: "OPTIONS with a path", send: [request("OPTIONS /p")], status: [200] },
  { name: "TRACE", send: [request("TRACE /p")], status: [200] },
  {
    name: "GET with a body",
    send: [request("GET /", ["Content-Length: 3"], "abc")],
    status: [200],
  },
  {
    name: "chunked upload",
    send: [postChunked("/p", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")],
    status: [200],
  },
  { name: "empty chunked upload", send: [postChunked("/p", "0\r\n\r\n")], status: [200] },
  {
    name: "chunk extensions are dropped",
    send: [postChunked("/p", '3;a=b\r\nabc\r\n2 ;k="v"\r\nde\r\n0;last\r\n\r\n')],
    status: [200],
  },
  {
    name: "chunk sizes: leading zeros, upper case, space after",
    send: [postChunked("/p", "0000000A\r\n0123456789\r\n3 \r\nabc\r\n0\r\n\r\n")],
    status: [200],
  },
  {
    name: "trailers of a request are dropped",
    send: [postChunked("/p", "3\r\nabc\r\n0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n")],
    status: [200],
  },
  {
    name: "transfer-encoding in upper case",
    send: [request("POST /p", ["Transfer-Encoding: CHUNKED"], "3\r\nabc\r\n0\r\n\r\n")],
    status: [200],
  },
  {
    name: "head byte by byte",
    send: [
      "GET / HT",
      { waitMs: 3 },
      "TP/1.1\r",
      { waitMs: 3 },
      "\nHo",
      { waitMs: 3 },
      "st: h\r\nA",
      { waitMs: 3 },
      ": b\r\n\r",
      { waitMs: 3 },
      "\n",
    ],
    methods: ["GET"],
    status: [200],
  },
  {
    name: "body in pieces",
    send: [
      request("POST /p", ["Content-Length: 6"], "ab"),
      { waitMs: 5 },
      "cd",
      { waitMs: 5 },
      "ef",
    ],
    status: [200],
  },
  {
    name: "chunks in pieces",
    send: [
      postChunked("/p", "5\r\nhe"),
      { waitMs: 5 },
      "llo\r\n",
      { waitMs: 5 },
      "0\r\n",
      { waitMs: 5 },
      "\r\n",
    ],
    status: [200],
  },
  { name: "one leading CRLF", send: [`\r\n${get("/")}`], status: [200] },
  { name: "obs-text in a value", send: [get("/", ["A: caf\xe9 \xff"])], status: [200] },
  { name: "empty value", send: [get("/", ["A:", "B: "])], status: [200] },
  {
    name: "underscore in a name",
    send: [get("/", ["a_b: 1", "Transfer_Encoding: chunked"])],
    status: [200],
  },
  { name: "empty Host", send: [head("GET / HTTP/1.1", ["Host:"])], status: [200] },
  {
    name: "Host with trailing dot and port",
    send: [head("GET / HTTP/1.1", ["Host: EXAMPLE.com.:80"])],
    status: [200],
  },
  {
    name: "Host is an IPv6 literal",
    send: [head("GET / HTTP/1.1", ["Host: [::1]:80"])],
    status: [200],
  },
  {
    name: "Host comes last",
    send: [head("GET / HTTP/1.1", ["A: 1", "Host: h", "B: 2"])],
    status: [200],
  },
  {
    name: "absolute-form",
    send: [head("GET http://other.example:81/p?q=1 HTTP/1.1", ["Host: h"])],
    status: [200],
  },
  {
    name: "absolute-form without a path",
    send: [head("GET http://other.example HTTP/1.1", ["Host: h"])],
    status: [200],
  },
  {
    name: "absolute-form with a query only: no path, so no route",
    send: [head("GET http://other.example?q=1 HTTP/1.1", ["Host: h"])],
    status: [404],
    departure: { status: [200], why: "RFC 9112 section 3.2.1: an empty path is /" },
  },
  {
    name: "absolute-form with userinfo",
    send: [head("GET http://user:pw@other.example/p HTTP/1.1", ["Host: h"])],
    status: [200],
  },
  {
    name: "absolute-form with https on plain text",
    send: [head("GET https://other.example/p HTTP/1.1", ["Host: h"])],
    status: [200],
  },
  {
    name: "paths are not touched",
    send: [get("/a/../b/%2e%2e//c/./d\\e%2Ff%zz;x?a=%00&b=#".replace("#", ""))],
    status: [200],
    except: ["log"], // ours escapes the backslash
  },
  {
    name: "100 fields",
    send: [
      head("GET / HTTP/1.1", ["Host: h", ...Array.from({ length: 99 }, (_, i) => `f${i}: ${i}`)]),
    ],
    status: [200],
  },
  { name: "a value of 59 KiB", send: [get("/", [`A: ${"x".repeat(59 * 1024)}`])], status: [200] },
];

const HOP_BY_HOP: readonly Case[] = [
  {
    name: "Connection names a field",
    send: [get("/", ["Connection: X-Foo", "X-Foo: 1", "X-Bar: 2"])],
    status: [200],
  },
  {
    name: "Connection names several fields",
    send: [get("/", ["Connection: keep-alive, X-Foo ,x-bar", "X-Foo: 1", "X-Bar: 2", "X-Baz: 3"])],
    status: [200],
  },
  {
    name: "Keep-Alive, Proxy-Connection, TE",
    send: [
      get("/", [
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "TE: gzip",
        "Connection: TE",
      ]),
    ],
    status: [200],
  },
  { name: "TE: trailers", send: [get("/", ["TE: trailers"])], status: [200] },
  {
    name: "TE: trailers named by Connection",
    send: [get("/", ["Connection: TE", "TE: trailers, gzip"])],
    status: [200],
  },
  {
    name: "Upgrade: h2c is ignored",
    send: [
      get("/", [
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
      ]),
    ],
    status: [200],
  },
  { name: "Upgrade without Connection", send: [get("/", ["Upgrade: websocket"])], status: [200] },
  {
    name: "end-to-end fields pass",
    send: [
      get("/", [
        "Trailer: x",
        "Max-Forwards: 3",
        "Proxy-Authorization: x",
        "Via: 1.0 a",
        "Forwarded: for=1",
        "X-Forwarded-Host: z",
      ]),
    ],
    status: [200],
  },
  {
    name: "Connection names X-Forwarded-For",
    send: [get("/", ["Connection: close, X-Forwarded-For", "X-Forwarded-For: 1.2.3.4"])],
    status: [400],
  },
  {
    name: "Connection names Content-Length: chunked instead",
    send: [request("POST /", ["Connection: Content-Length", "Content-Length: 3"], "abc")],
    status: [200],
    departure: { status: [400], why: "safety.md 1.2 row 13: no end-to-end field may be named" },
  },
  {
    name: "Expect: 100-continue",
    send: [
      request("POST /", ["Expect: 100-continue", "Content-Length: 3"]),
      { untilText: "\r\n\r\n" },
      "abc",
    ],
    status: [200],
  },
  {
    name: "Expect: something else",
    send: [request("POST /", ["Expect: 200-maybe", "Content-Length: 3"], "abc")],
    status: [200],
  },
];

const CONNECTIONS: readonly Case[] = [
  {
    name: "three in a row on one connection",
    send: [get("/1"), { untilResponses: 1 }, post("/2", "abc"), { untilResponses: 2 }, get("/3")],
    status: [200, 200, 200],
  },
  {
    name: "three at once",
    send: [get("/1") + post("/2", "abc") + get("/3")],
    status: [200, 200, 200],
  },
  {
    name: "pipelined, answers of different length in order",
    send: [get("/1") + get("/2") + get("/3")],
    origin: [
      { steps: [{ waitMs: 20 }, response("200 OK", "one")] },
      { steps: [response("404 Not Found", "second")] },
      { steps: [OK] },
    ],
    status: [200, 404, 200],
  },
  {
    name: "HEAD, then GET",
    send: [request("HEAD /1") + get("/2")],
    origin: [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"] }, { steps: [OK] }],
    status: [200, 200],
  },
  {
    name: "good, bad: 200, 400, closed",
    send: [`${get("/1")}GET\r\n\r\n${get("/3")}`],
    methods: ["GET"],
    status: [200, 400],
  },
  {
    name: "Connection: close of the client",
    send: [get("/", ["Connection: close"])],
    status: [200],
  },
  {
    name: "bytes after Connection: close are not read",
    send: [get("/", ["Connection: close"]) + get("/2")],
    status: [200],
  },
  {
    name: "client half closes before the answer",
    send: [get("/"), { waitMs: 10 }, "FIN"],
    origin: [{ steps: ["untilClosed"] }],
    status: [],
    logCount: 1,
  },
  {
    name: "client leaves before the answer",
    send: [get("/"), { waitMs: 20 }, "RST"],
    origin: [{ steps: ["untilClosed"] }],
    status: [],
    logCount: 1,
  },
  {
    name: "client leaves in the middle of a body",
    send: [request("POST /", ["Content-Length: 10"], "abc"), { waitMs: 20 }, "RST"],
    status: [],
    logCount: 1,
  },
  {
    name: "client half closes in the middle of a body",
    send: [request("POST /", ["Content-Length: 10"], "abc"), { waitMs: 20 }, "FIN"],
    status: [],
    logCount: 1,
  },
  {
    name: "a local reply in the middle of a pipeline",
    send: [get("/1") + request("OPTIONS *") + get("/2")],
    status: [200, 404],
    departure: {
      status: [200, 404, 200],
      why: "Envoy closes the connection and loses the last request",
    },
  },
  { name: "client connects and leaves", send: ["FIN"], status: [] },
  {
    name: "client leaves in the middle of a head",
    send: ["GET / HTTP/1.1\r\nHo", { waitMs: 5 }, "FIN"],
    status: [],
    logCount: 1,
  },
];

const answer = (
  name: string,
  steps: readonly string[],
  status: number,
  extra: Partial<Case> = {},
): Case => ({
  name,
  send: [get("/")],
  origin: [{ steps }],
  status: [status],
  ...extra,
});

const RESPONSES: readonly Case[] = [
  answer(
    "fields of the origin: kept, lower-cased, server overwritten",
    [
      "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-A: 1\r\nServer: mine\r\nX-A: 2\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nX-B: \xe9\r\n\r\nok",
    ],
    200,
    { anyFieldOrder: true },
  ),
  answer("a reason phrase of its own", ["HTTP/1.1 299 Very odd\r\ncontent-length: 0\r\n\r\n"], 299),
  answer("no reason phrase", ["HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"], 200),
  answer("no reason phrase and no space", ["HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n"], 404),
  answer(
    "chunked",
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    200,
  ),
  answer(
    "chunked, extensions and trailers",
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx-t: 1\r\n\r\n"],
    200,
  ),
  answer("until close", ["HTTP/1.1 200 OK\r\nx: 1\r\n\r\nhello", "FIN"], 200),
  answer(
    "Connection: close with a length",
    ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", "FIN"],
    200,
  ),
  answer(
    "hop-by-hop fields of the origin",
    [
      "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-foo\r\nkeep-alive: timeout=5\r\nx-foo: 1\r\nproxy-connection: a\r\nupgrade: h2c\r\ntrailer: t\r\ncontent-length: 2\r\n\r\nok",
    ],
    200,
    { except: ["responses"] }, // Envoy passes on what Connection names; RFC 9110 section 7.6.1 forbids that
  ),
  answer("204", ["HTTP/1.1 204 No Content\r\nx: 1\r\n\r\n"], 204),
  answer("204 with a length", ["HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"], 204),
  answer(
    "304 with a length",
    ['HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 10\r\n\r\n'],
    304,
  ),
  answer("HEAD with a length", ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"], 200, {
    send: [request("HEAD /")],
  }),
  answer("HEAD with chunked", ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"], 200, {
    send: [request("HEAD /")],
  }),
  answer("HEAD without framing", ["HTTP/1.1 200 OK\r\nx: 1\r\n\r\n"], 200, {
    send: [request("HEAD /")],
  }),
  answer(
    "103 first",
    [
      "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
    200,
  ),
  answer("100 that nobody asked for", [`HTTP/1.1 100 Continue\r\n\r\n${OK}`], 200),
  answer("HTTP/1.0 with a length", ["HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", "FIN"], 200),
  answer(
    "HTTP/1.0 keep-alive",
    ["HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok"],
    200,
  ),
  answer("128 KiB", [response("200 OK", BIG)], 200),
  {
    name: "body in pieces",
    send: [get("/")],
    origin: [
      {
        steps: [
          "HTTP/1.1 200 OK\r\ncontent-le",
          { waitMs: 5 },
          "ngth: 6\r\n\r\nab",
          { waitMs: 5 },
          "cd",
          { waitMs: 5 },
          "ef",
        ],
      },
    ],
    status: [200],
  },
  {
    name: "answer before the request has ended: the rest is read, the connection closed",
    send: [request("POST /", ["Content-Length: 6"], "abc"), { untilResponses: 1 }, "def"],
    origin: [{ at: "head", steps: [OK] }],
    status: [200],
    except: ["upstream", "ending"], // Envoy closes with bytes unread, which is a RST; ours reads them first
  },
  {
    name: "connection is used again after a complete answer",
    send: [get("/1"), { untilResponses: 1 }, get("/2")],
    status: [200, 200],
  },
  {
    name: "connection is not used again after connection: close",
    send: [get("/1"), { untilResponses: 1 }, get("/2")],
    origin: [{ steps: [response("200 OK", "", ["connection: close"])] }, { steps: [OK] }],
    status: [200, 200],
  },
];

describe.skipIf(mustSkip(findPeer("envoy")))("HTTP/1.1, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: ["a"],
      ports: ["in"],
      resources: (place) => ({
        listeners: [httpListener(place, "in", { virtualHosts: [catchAll([route(ANY, to("a"))])] })],
        clusters: [cluster(place, "a", ["a"])],
      }),
    });
  }, 20_000);
  afterAll(() => stopPair(pair));

  describe("requests", () => testCases(() => pair, REQUESTS));
  describe("hop by hop", () => testCases(() => pair, HOP_BY_HOP));
  describe("connections", () => testCases(() => pair, CONNECTIONS));
  describe("responses", () => testCases(() => pair, RESPONSES));
});
