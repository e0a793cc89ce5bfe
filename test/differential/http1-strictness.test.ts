// Requests that are wrong, odd or hostile. First those where Envoy's answer is the right one, then those where we are stricter.
import { afterAll, beforeAll, describe } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Case, testCases } from "./harness/cases.ts";
import { ANY, catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { get, head, post, postChunked, request } from "./harness/request.ts";
import { type Pair, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

type Row = readonly [name: string, status: number, bytes: string];
/** Envoy's status, then ours. */
type DepartureRow = readonly [name: string, status: number, ours: number, bytes: string];

const row = ([name, status, bytes]: Row): Case => ({ name, send: [bytes], status: [status] });

const withFields = (...fields: readonly string[]): string =>
  request("POST /", fields, "3\r\nabc\r\n0\r\n\r\n");
const chunks = (text: string): string => postChunked("/", text);

const FRAMING: readonly Row[] = [
  [
    "content-length and transfer-encoding",
    400,
    withFields("Content-Length: 3", "Transfer-Encoding: chunked"),
  ],
  [
    "transfer-encoding and content-length",
    400,
    withFields("Transfer-Encoding: chunked", "Content-Length: 3"),
  ],
  [
    "content-length and transfer-encoding: identity",
    400,
    withFields("Content-Length: 3", "Transfer-Encoding: identity"),
  ],
  [
    "content-length and an empty transfer-encoding",
    400,
    withFields("Content-Length: 3", "Transfer-Encoding:"),
  ],
  [
    "transfer-encoding twice",
    501,
    withFields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
  ],
  ["transfer-encoding: chunked,chunked", 501, withFields("Transfer-Encoding: chunked,chunked")],
  ["transfer-encoding: identity,chunked", 501, withFields("Transfer-Encoding: identity,chunked")],
  ["transfer-encoding: chunked, identity", 501, withFields("Transfer-Encoding: chunked, identity")],
  ["transfer-encoding: gzip, chunked", 501, withFields("Transfer-Encoding: gzip, chunked")],
  ["transfer-encoding: xchunked", 501, withFields("Transfer-Encoding: xchunked")],
  ["transfer-encoding quoted", 501, withFields('Transfer-Encoding: "chunked"')],
  ["transfer-encoding: ,chunked", 501, withFields("Transfer-Encoding: ,chunked")],
  ["transfer-encoding after NBSP", 501, withFields("Transfer-Encoding: \xa0chunked")],
  ["transfer-encoding: chunked;q=1", 501, withFields("Transfer-Encoding: chunked;q=1")],
  ["transfer-encoding with VT", 400, withFields("Transfer-Encoding: \x0bchunked")],
  ["transfer-encoding with trailing space", 200, withFields("Transfer-Encoding: chunked ")],
  ["transfer-encoding after a tab", 200, withFields("Transfer-Encoding:\tchunked")],
  [
    "content-length twice, equal",
    400,
    request("POST /", ["Content-Length: 3", "Content-Length: 3"], "abc"),
  ],
  [
    "content-length twice, not equal",
    400,
    request("POST /", ["Content-Length: 3", "Content-Length: 4"], "abc"),
  ],
  ["content-length: 3, 3", 400, request("POST /", ["Content-Length: 3, 3"], "abc")],
  ["content-length: -1", 400, request("POST /", ["Content-Length: -1"], "abc")],
  ["content-length: +3", 400, request("POST /", ["Content-Length: +3"], "abc")],
  ["content-length: 0x3", 400, request("POST /", ["Content-Length: 0x3"], "abc")],
  ["content-length: 3_0", 400, request("POST /", ["Content-Length: 3_0"], "abc")],
  ["content-length empty", 400, request("POST /", ["Content-Length:"], "abc")],
  ["content-length 2^64", 400, request("POST /", ["Content-Length: 18446744073709551616"], "abc")],
  ["content-length: 3 3", 400, request("POST /", ["Content-Length: 3 3"], "abc")],
  ["content-length: 3.0", 400, request("POST /", ["Content-Length: 3.0"], "abc")],
  ["content-length: 1e1", 400, request("POST /", ["Content-Length: 1e1"], "abc")],
  ["content-length: 3;x", 400, request("POST /", ["Content-Length: 3;x"], "abc")],
];

const CHUNKS: readonly Row[] = [
  ["chunk size 0x3", 400, chunks("0x3\r\nabc\r\n0\r\n\r\n")],
  ["chunk size +3", 400, chunks("+3\r\nabc\r\n0\r\n\r\n")],
  ["chunk size -3", 400, chunks("-3\r\nabc\r\n0\r\n\r\n")],
  ["chunk size 3_0", 400, chunks("3_0\r\nabc\r\n0\r\n\r\n")],
  ["chunk size after a space", 400, chunks(" 3\r\nabc\r\n0\r\n\r\n")],
  ["chunk size xyz", 400, chunks("xyz\r\nabc\r\n0\r\n\r\n")],
  ["chunk size of 17 digits", 400, chunks("10000000000000000\r\nabc")],
  ["no chunk size", 400, chunks("\r\nabc\r\n0\r\n\r\n")],
  ["LF after the chunk size", 400, chunks("3\nabc\r\n0\r\n\r\n")],
  ["CR after the chunk size", 400, chunks("3\rabc\r\n0\r\n\r\n")],
  ["LF after the last chunk", 400, chunks("3\r\nabc\r\n0\n\r\n")],
  ["LF in an extension", 400, chunks("3;a\nb\r\nabc\r\n0\r\n\r\n")],
  ["CR in an extension", 400, chunks("3;a\rb\r\nabc\r\n0\r\n\r\n")],
  ["trailer without colon", 400, chunks("3\r\nabc\r\n0\r\nfoo\r\n\r\n")],
  ["trailer with a space before the colon", 400, chunks("3\r\nabc\r\n0\r\nfoo : 1\r\n\r\n")],
  ["trailers of 70 KiB", 431, chunks(`3\r\nabc\r\n0\r\nfoo: ${"x".repeat(70 * 1024)}\r\n\r\n`)],
];

const FIELDS: readonly Row[] = [
  ["space before the colon", 400, get("/", ["A : 1"])],
  ["tab before the colon", 400, get("/", ["A\t: 1"])],
  ["space before the first field", 400, head("GET / HTTP/1.1", [" Host: h"])],
  ["empty name", 400, get("/", [": 1"])],
  ["no colon", 400, get("/", ["A"])],
  ["( in a name", 400, get("/", ["A(: 1"])],
  ['" in a name', 400, get("/", ['A": 1'])],
  ["space in a name", 400, get("/", ["A b: 1"])],
  ["non-ASCII in a name", 400, get("/", ["A\xe9: 1"])],
  ["a field named :path", 400, get("/", [":path: /x"])],
  ["NUL in a name", 400, get("/", ["A\0: 1"])],
  ["NUL in a value", 400, get("/", ["A: 1\x002"])],
  ["0x01 in a value", 400, get("/", ["A: 1\x012"])],
  ["VT in a value", 400, get("/", ["A: 1\x0b2"])],
  ["DEL in a value", 400, get("/", ["A: 1\x7f2"])],
  [
    "101 fields",
    431,
    head("GET / HTTP/1.1", ["Host: h", ...Array.from({ length: 100 }, (_, i) => `f${i}: ${i}`)]),
  ],
  ["a value of 61 KiB", 431, get("/", [`A: ${"x".repeat(61 * 1024)}`])],
  ["a name of 61 KiB", 431, get("/", [`${"x".repeat(61 * 1024)}: 1`])],
  ["a path of 61 KiB", 431, get(`/${"x".repeat(61 * 1024)}`)],
];

const START_LINE: readonly Row[] = [
  ["HTTP/1.0", 426, head("GET / HTTP/1.0", ["Host: h"])],
  ["HTTP/0.9", 426, head("GET / HTTP/0.9", ["Host: h"])],
  ["no version", 426, head("GET /", ["Host: h"])],
  ["HTTP/1.2", 426, head("GET / HTTP/1.2", ["Host: h"])],
  ["HTTP/2.0", 426, head("GET / HTTP/2.0", ["Host: h"])],
  ["HTTP/1.10", 400, head("GET / HTTP/1.10", ["Host: h"])],
  ["HTTP/11.1", 400, head("GET / HTTP/11.1", ["Host: h"])],
  ["HTTP/1", 400, head("GET / HTTP/1", ["Host: h"])],
  ["http/1.1", 400, head("GET / http/1.1", ["Host: h"])],
  ["HTTPS/1.1", 400, head("GET / HTTPS/1.1", ["Host: h"])],
  ["lower-case method", 400, head("get / HTTP/1.1", ["Host: h"])],
  ["unknown method", 400, head("FOO / HTTP/1.1", ["Host: h"])],
  ["empty method", 400, head(" / HTTP/1.1", ["Host: h"])],
  ["method with a colon", 400, head("GE:T / HTTP/1.1", ["Host: h"])],
  ["path with a space", 400, head("GET /a b HTTP/1.1", ["Host: h"])],
  ["path with non-ASCII", 400, head("GET /\xe9 HTTP/1.1", ["Host: h"])],
  ["path with NUL", 400, head("GET /a\0b HTTP/1.1", ["Host: h"])],
  ["path with DEL", 400, head("GET /a\x7fb HTTP/1.1", ["Host: h"])],
  ["path without a slash", 400, head("GET a HTTP/1.1", ["Host: h"])],
  ["no path", 400, head("GET  HTTP/1.1", ["Host: h"])],
  ["GET *", 400, head("GET * HTTP/1.1", ["Host: h"])],
  ["OPTIONS *", 404, head("OPTIONS * HTTP/1.1", ["Host: h"])],
  ["fragment", 400, head("GET /a#b HTTP/1.1", ["Host: h"])],
  ["absolute-form with ftp", 400, head("GET ftp://h/ HTTP/1.1", ["Host: h"])],
  ["CONNECT", 404, head("CONNECT h:443 HTTP/1.1", ["Host: h:443"])],
  ["CONNECT with a path", 400, head("CONNECT /a HTTP/1.1", ["Host: h"])],
  [
    "a TLS hello",
    400,
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijklmnopqrstuvwxyz\r\n\r\n",
  ],
  ["an HTTP/0.9 request", 426, "GET /\r\n\r\n"],
];

const HOSTS: readonly Row[] = [
  ["no Host", 400, head("GET / HTTP/1.1", ["A: 1"])],
  ["Host with a path", 400, head("GET / HTTP/1.1", ["Host: h/p"])],
  ["Host with a space", 400, head("GET / HTTP/1.1", ["Host: a b"])],
  ["Host with #", 400, head("GET / HTTP/1.1", ["Host: a#b"])],
  ["Host with non-ASCII", 400, head("GET / HTTP/1.1", ["Host: \xe9"])],
  ["Host with NUL", 400, head("GET / HTTP/1.1", ["Host: a\0"])],
  ["upgrade that is not configured", 403, get("/", ["Connection: Upgrade", "Upgrade: websocket"])],
  [
    "upgrade with a key that is not configured",
    403,
    get("/", [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
    ]),
  ],
];

/** Where we are stricter than Envoy by decision: the row of safety.md 1.2 is the number. */
const DEPARTURES: readonly DepartureRow[] = [
  ["1: Host twice, equal", 200, 400, head("GET / HTTP/1.1", ["Host: h", "Host: h"])],
  ["1: Host twice, not equal", 200, 400, head("GET / HTTP/1.1", ["Host: h", "Host: g"])],
  ["2: Host with userinfo", 200, 400, head("GET / HTTP/1.1", ["Host: u@h"])],
  ["2: Host with a comma", 200, 400, head("GET / HTTP/1.1", ["Host: a,b"])],
  ["2: Host with port :xx", 200, 400, head("GET / HTTP/1.1", ["Host: h:xx"])],
  ["3: obs-fold with a space", 200, 400, get("/", ["A: 1\r\n 2"])],
  ["3: obs-fold with a tab", 200, 400, get("/", ["A: 1\r\n\t2"])],
  ["3: obs-fold in a trailer", 200, 400, chunks("3\r\nabc\r\n0\r\na: 1\r\n 2\r\n\r\n")],
  ["4: LF ends a line", 200, 400, "GET / HTTP/1.1\nHost: h\r\n\r\n"],
  ["4: LF ends the head", 200, 400, "GET / HTTP/1.1\r\nHost: h\r\n\n"],
  ["4: CR CR LF", 200, 400, "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\r\n\r\n"],
  ["5: CR in a value", 200, 400, get("/", ["A: 1\r2"])],
  ["6: LF after chunk data", 200, 400, chunks("3\r\nabc\n0\r\n\r\n")],
  ["6: LF as the last terminator", 200, 400, chunks("3\r\nabc\r\n0\r\n\n")],
  ["6: bytes between chunk data and CRLF", 200, 400, chunks("3\r\nabcde\r\n0\r\n\r\n")],
  ["7: NUL in a chunk extension", 200, 400, chunks("3;a=\0\r\nabc\r\n0\r\n\r\n")],
  [
    "8: chunk extension of 20 KiB",
    200,
    400,
    chunks(`3;a=${"x".repeat(20 * 1024)}\r\nabc\r\n0\r\n\r\n`),
  ],
  ["9: content-length: 003", 200, 400, request("POST /", ["Content-Length: 003"], "abc")],
  ["11: many blank lines before a request", 200, 400, "\r\n".repeat(200) + get("/")],
  ["12: tab as separator", 200, 400, "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["12: two spaces as separator", 200, 400, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["12: space at the end of the request line", 200, 400, "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"],
  [
    "13: Connection names authorization",
    200,
    400,
    get("/", ["Connection: authorization", "Authorization: x"]),
  ],
  ["13: Connection names Host", 400, 400, head("GET / HTTP/1.1", ["Host: h", "Connection: Host"])],
  ["13: Connection names cookie", 200, 400, get("/", ["Connection: cookie", "Cookie: x"])],
];

const departure = ([name, status, ours, bytes]: DepartureRow): Case => ({
  name,
  send: [bytes],
  status: [status],
  departure: { status: [ours], why: name },
});

/** What a body that turns bad after its head does depends on how much of it has gone on: here all of it comes at once. */
const AFTER_THE_HEAD: readonly Case[] = [
  {
    name: "bad chunk after a good one that has gone upstream",
    send: [postChunked("/", "3\r\nabc\r\n"), { waitMs: 20 }, "x\r\n"],
    origin: [{ steps: ["untilClosed"] }],
    status: [400],
  },
  {
    name: "good request after a bad one on the next connection",
    send: [post("/", "abc")],
    status: [200],
  },
];

describe.skipIf(mustSkip(findPeer("envoy")))("hostile HTTP/1.1, Envoy and ours", () => {
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

  describe("framing", () => testCases(() => pair, FRAMING.map(row)));
  describe("chunks", () => testCases(() => pair, CHUNKS.map(row)));
  describe("fields", () => testCases(() => pair, FIELDS.map(row)));
  describe("start line", () => testCases(() => pair, START_LINE.map(row)));
  describe("host", () => testCases(() => pair, HOSTS.map(row)));
  describe("after the head", () => testCases(() => pair, AFTER_THE_HEAD));
  describe("stricter than Envoy", () => testCases(() => pair, DEPARTURES.map(departure)));
});
