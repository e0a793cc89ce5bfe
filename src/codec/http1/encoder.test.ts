import { describe, expect, test } from "bun:test";
import { headerName } from "../header-name.ts";
import { REQUEST_LIMITS } from "../limits.ts";
import { OutputBuffer } from "../output-buffer.ts";
import {
  encodeChunk,
  encodeChunkEnd,
  encodeChunkHead,
  encodeContinue,
  encodeLastChunk,
  encodeRequestHead,
  encodeResponseHead,
} from "./encoder.ts";
import type { Framing } from "./framing.ts";
import { removeHopByHop } from "./hop-by-hop.ts";
import { RequestDecoder } from "./request-decoder.ts";
import { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";
import { bytesOf } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

function decoded(...lines: string[]): RequestHead {
  const decoder = new RequestDecoder(REQUEST_LIMITS, new LogSink());
  const bytes = bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
  decoder.receive(bytes, 0, bytes.length);
  removeHopByHop(decoder.head);
  return decoder.head;
}

function request(head: RequestHead, framing: Framing = head.framing): string[] {
  const out = new OutputBuffer(1);
  encodeRequestHead(out, head, framing);
  return out.text().split("\r\n");
}

function response(
  status: number,
  framing: Framing,
  minorVersion: 0 | 1 = 1,
  change: (head: ResponseHead) => void = () => {},
): string[] {
  const head = new ResponseHead();
  head.status = status;
  change(head);
  const out = new OutputBuffer(1);
  encodeResponseHead(out, head, framing, minorVersion);
  return out.text().split("\r\n");
}

describe("encodeRequestHead", () => {
  test("writes a head made by hand", () => {
    const head = new RequestHead();
    head.method = "PUT";
    head.setPath("/a?b");
    head.setAuthority("c:80");
    head.append(headerName("X-A"), "1");
    head.contentLength = 12345;
    expect(request(head, "length")).toEqual([
      "PUT /a?b HTTP/1.1",
      "host: c:80",
      "x-a: 1",
      "content-length: 12345",
      "",
      "",
    ]);
  });

  // The start line and Host are copied as they came when nothing was changed: each change must show.
  test.each([
    ["path", (head: RequestHead) => head.setPath("/new"), "GET /new HTTP/1.1", "host: a"],
    ["authority", (head: RequestHead) => head.setAuthority("b"), "GET /old HTTP/1.1", "host: b"],
    [
      "method",
      (head: RequestHead) => Object.assign(head, { method: "HEAD" }),
      "HEAD /old HTTP/1.1",
      "host: a",
    ],
    ["nothing", () => {}, "GET /old HTTP/1.1", "host: a"],
  ] as const)("shows a change of the %s", (_name, change, line, host) => {
    const head = decoded("GET /old HTTP/1.1", "Host: a", "X: 1");
    change(head);
    expect(request(head)).toEqual([line, host, "x: 1", "", ""]);
  });

  test("leaves removed fields out of every run", () => {
    const lines = ["GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C:3", "D: 4", "E: 5"];
    for (let removed = 0; removed < 32; removed += 1) {
      const head = decoded(...lines);
      const expected = ["GET / HTTP/1.1", "host: a"];
      ["a: 1", "b: 2", "c: 3", "d: 4", "e: 5"].forEach((line, i) => {
        if ((removed & (1 << i)) === 0) expected.push(line);
        else head.remove(headerName(line.slice(0, 1)));
      });
      head.append(headerName("f"), "6");
      head.append(headerName("g"), "7");
      head.remove(headerName("f"));
      expect(request(head)).toEqual([...expected, "g: 7", "", ""]);
    }
  });

  test("drops a length that another framing contradicts", () => {
    const head = decoded("POST / HTTP/1.1", "Host: a", "Content-Length: 5");
    expect(request(head, "chunked")).toEqual([
      "POST / HTTP/1.1",
      "host: a",
      "transfer-encoding: chunked",
      "",
      "",
    ]);
  });

  test("writes the same head again, for a retry", () => {
    const head = decoded("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked");
    expect(request(head)).toEqual(request(head));
  });
});

describe("encodeResponseHead", () => {
  test.each([
    [200, "none", ["HTTP/1.1 200 OK", "content-length: 0"]],
    [200, "chunked", ["HTTP/1.1 200 OK", "transfer-encoding: chunked"]],
    [200, "untilClose", ["HTTP/1.1 200 OK"]],
    [204, "none", ["HTTP/1.1 204 No Content"]],
    [304, "none", ["HTTP/1.1 304 Not Modified"]],
    [503, "none", ["HTTP/1.1 503 Service Unavailable", "content-length: 0"]],
    [599, "none", ["HTTP/1.1 599 Unknown", "content-length: 0"]],
  ] as const)("%d with framing %s", (status, framing, expected) => {
    expect(response(status, framing)).toEqual([...expected, "", ""]);
  });

  test("tells an HTTP/1.0 downstream its version, in one response only", () => {
    expect(response(200, "untilClose", 0)[0]).toBe("HTTP/1.0 200 OK");
    expect(response(200, "untilClose", 1)[0]).toBe("HTTP/1.1 200 OK");
  });

  test("leaves the length of a response to HEAD open as Envoy does", () => {
    const head = (one: ResponseHead): void => {
      one.requestMethod = "HEAD";
    };
    expect(response(200, "none", 1, head)).toContain("transfer-encoding: chunked");
    expect(response(200, "none", 0, head)).toEqual(["HTTP/1.0 200 OK", "", ""]);
    expect(response(304, "none", 1, head)).toEqual(["HTTP/1.1 304 Not Modified", "", ""]);
  });

  test("adds the length it knows", () => {
    const set = (one: ResponseHead): void => {
      one.contentLength = 7;
    };
    expect(response(200, "length", 1, set)).toContain("content-length: 7");
  });
});

describe("chunks", () => {
  const written = (write: (out: OutputBuffer) => void): string => {
    const out = new OutputBuffer(1);
    write(out);
    return out.text();
  };

  test.each([1, 9, 10, 15, 16, 255, 256, 65_535, 65_536, 0x7fffffff])("size %d", (size) => {
    expect(written((out) => encodeChunkHead(out, size))).toBe(`${size.toString(16)}\r\n`);
  });

  test("an empty chunk is not written: it would end the body", () => {
    expect(written((out) => encodeChunk(out, bytesOf("abc"), 1, 1))).toBe("");
    expect(written((out) => encodeChunk(out, bytesOf("abc"), 1, 3))).toBe("2\r\nbc\r\n");
  });

  test("head, bytes and end make a chunk too", () => {
    const whole = written((out) => {
      encodeChunkHead(out, 3);
      out.ascii("abc");
      encodeChunkEnd(out);
    });
    expect(whole).toBe("3\r\nabc\r\n");
  });

  test("the last chunk carries trailers", () => {
    const trailers = new ResponseHead();
    trailers.append(headerName("x-sum"), "1");
    expect(written((out) => encodeLastChunk(out))).toBe("0\r\n\r\n");
    expect(written((out) => encodeLastChunk(out, trailers))).toBe("0\r\nx-sum: 1\r\n\r\n");
  });

  test("100 Continue", () => {
    expect(written(encodeContinue)).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  });
});
