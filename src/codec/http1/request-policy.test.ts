import { expect, test } from "bun:test";
import { REQUEST_LIMITS } from "../limits.ts";
import { RequestDecoder } from "./request-decoder.ts";
import { checkRequestHead, type RequestPolicy } from "./request-policy.ts";
import { bytesOf } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

function decode(...lines: string[]): RequestDecoder["head"] {
  const decoder = new RequestDecoder(REQUEST_LIMITS, new LogSink());
  const bytes = bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
  decoder.receive(bytes, 0, bytes.length);
  return decoder.head;
}

const WEBSOCKET = ["GET / HTTP/1.1", "Host: a", "Connection: upgrade", "Upgrade: WebSocket"];
const DEFAULT: RequestPolicy = { upgrades: [] };
const H = "Host: a";

// Status, details and whether the connection closes: seen on Envoy 1.40.
test.each([
  ["a plain request", DEFAULT, ["GET / HTTP/1.1", H], "served"],
  ["an empty Host", DEFAULT, ["GET / HTTP/1.1", "Host:"], "served"],
  ["no Host", DEFAULT, ["GET / HTTP/1.1"], "400 missing_host_header close"],
  ["an absolute target without Host", DEFAULT, ["GET http://a/ HTTP/1.1"], "served"],
  ["a fragment", DEFAULT, ["GET /a#b HTTP/1.1", H], "400 path_normalization_failed close"],
  ["OPTIONS *", DEFAULT, ["OPTIONS * HTTP/1.1", H], "404 absolute_path_rejected"],
  ["CONNECT", DEFAULT, ["CONNECT a:80 HTTP/1.1", H], "404 route_not_found NR close"],
  [
    "CONNECT, allowed",
    { upgrades: [], allowConnect: true },
    ["CONNECT a:80 HTTP/1.1", H],
    "served",
  ],
  [
    "QUERY without a type",
    DEFAULT,
    ["QUERY / HTTP/1.1", H],
    "400 query_missing_content_type close",
  ],
  ["QUERY", DEFAULT, ["QUERY / HTTP/1.1", H, "Content-Type: a/b"], "served"],
  ["an upgrade", DEFAULT, WEBSOCKET, "403 upgrade_failed close"],
  ["an upgrade, allowed", { upgrades: ["websocket"] }, WEBSOCKET, "served"],
  [
    "two protocols",
    { upgrades: ["websocket"] },
    [...WEBSOCKET, "Upgrade: foo"],
    "403 upgrade_failed close",
  ],
  ["h2c beside it", { upgrades: ["websocket"] }, [...WEBSOCKET, "Upgrade: h2c"], "served"],
])("%s", (_name, policy, lines, expected) => {
  const rejection = checkRequestHead(decode(...lines), policy);
  if (rejection === undefined) {
    expect("served").toBe(expected);
    return;
  }
  const { status, details, flag, closes } = rejection;
  const words = [status, details, flag, closes ? "close" : undefined];
  expect(words.filter((word) => word !== undefined).join(" ")).toBe(expected);
});

test("stripFragment cuts the path at the first #", () => {
  const head = decode("GET /a?b#c#d HTTP/1.1", H);
  expect(checkRequestHead(head, { upgrades: [], stripFragment: true })).toBeUndefined();
  expect(head.path()).toBe("/a?b");
});
