import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { REQUEST_LIMITS } from "../limits.ts";
import { RequestDecoder } from "./request-decoder.ts";
import { RequestHead } from "./request-head.ts";
import { parseCases } from "./testing/case-document.ts";
import { bytesOf, feed, type Scene } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

const FOLDER = new URL("testdata/", import.meta.url).pathname;

/** Every request of the case documents that is served. */
async function servedRequests(): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const document of [...new Glob("*.md").scanSync(FOLDER)].sort()) {
    for (const one of parseCases(await Bun.file(`${FOLDER}${document}`).text())) {
      if (one.words.size === 0 && one.log.endsWith("end")) found.push(one.bytes);
    }
  }
  return found;
}

/** Pipelines `stream` through one decoder. */
function pipeline(decoder: RequestDecoder, stream: Uint8Array): void {
  for (let at = 0; at < stream.length; ) {
    at += decoder.receive(stream, at, stream.length);
    decoder.next();
  }
}

describe("MessageDecoder", () => {
  test("starts each message anew: requests pipelined read as they do alone", async () => {
    const requests = await servedRequests();
    expect(requests.length).toBeGreaterThan(30);
    const alone = requests.map((bytes) => feed({ role: "request" }, [bytes]).log);
    for (const order of [requests, requests.toReversed()]) {
      const sink = new LogSink();
      pipeline(new RequestDecoder(REQUEST_LIMITS, sink), new Uint8Array(Buffer.concat(order)));
      expect(sink.text()).toBe((order === requests ? alone : alone.toReversed()).join("\n"));
    }
  });

  test("limits count per message", () => {
    const sink = new LogSink();
    const request =
      "\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `1;${"x".repeat(10_000)}\r\na\r\n0\r\n\r\n`;
    pipeline(new RequestDecoder(REQUEST_LIMITS, sink), bytesOf(request.repeat(3)));
    expect(sink.lines().filter((line) => line === "end")).toHaveLength(3);
  });

  test("keeps a head that the caller still needs, when it is given another", () => {
    const decoder = new RequestDecoder(REQUEST_LIMITS, new LogSink());
    const [first, second] = [
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
    ];
    decoder.receive(bytesOf(first), 0, first.length);
    const kept = decoder.head;
    decoder.next(new RequestHead());
    // In two pieces, so that the decoder's own buffer is used.
    decoder.receive(bytesOf(second.slice(0, 20)), 0, 20);
    decoder.receive(bytesOf(second.slice(20)), 0, second.length - 20);
    expect([kept.path(), kept.authority()]).toEqual(["/1", "a"]);
    expect([decoder.head.path(), decoder.head.authority()]).toEqual(["/2", "b"]);
  });

  test("next before the message has ended is a bug of ours", () => {
    const decoder = new RequestDecoder(REQUEST_LIMITS, new LogSink());
    decoder.receive(bytesOf("GET /"), 0, 5);
    expect(() => decoder.next()).toThrow("next in state head");
  });

  test("takes part of an array", () => {
    const sink = new LogSink();
    const bytes = bytesOf("xxGET / HTTP/1.1\r\nHost: a\r\n\r\nxx");
    expect(new RequestDecoder(REQUEST_LIMITS, sink).receive(bytes, 2, bytes.length - 2)).toBe(
      bytes.length - 4,
    );
    expect(sink.lines().at(-1)).toBe("end");
  });
});

describe("the limit of a head's bytes", () => {
  const scene: Scene = { role: "request", limits: { maxHeadBytes: 64 } };
  const head = (size: number): Uint8Array => {
    const fixed = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
    return bytesOf(fixed.replace("X: ", `X: ${"y".repeat(size - fixed.length)}`));
  };

  test("lets a head of exactly the limit pass, and no longer one", () => {
    for (const splitAt of [0, 1, 30, 63, 64]) {
      const pieces = (bytes: Uint8Array): Uint8Array[] => [
        bytes.subarray(0, splitAt),
        bytes.subarray(splitAt),
      ];
      expect(feed(scene, pieces(head(64))).log).toEndWith("end");
      expect(feed(scene, pieces(head(65))).log).toStartWith("error 431 http1.headers_too_large");
    }
  });

  test("refuses at the limit, not a byte later", () => {
    const bytes = head(200);
    expect(feed(scene, [bytes.subarray(0, 63)]).log).toBe("");
    expect(feed(scene, [bytes.subarray(0, 64)]).log).toStartWith("error 431");
    expect(feed(scene, [bytes.subarray(0, 40), bytes.subarray(40, 64)]).log).toStartWith(
      "error 431",
    );
  });

  test("holds for trailers on their own", () => {
    const start = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    const trailers = (size: number): string => `X: ${"y".repeat(size - 7)}\r\n\r\n`;
    expect(feed(scene, [bytesOf(start + trailers(64))]).log).toEndWith("end");
    expect(feed(scene, [bytesOf(start + trailers(65))]).log).toContain("error 431");
  });
});
