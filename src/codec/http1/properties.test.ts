import { expect, test } from "bun:test";
import fc from "fast-check";
import { headerName } from "../header-name.ts";
import { OutputBuffer } from "../output-buffer.ts";
import { encodeChunk, encodeLastChunk, encodeRequestHead, encodeResponseHead } from "./encoder.ts";
import { METHODS } from "./method.ts";
import { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";
import { bytesOf, createDecoder, feed, type Scene } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

const SCENES: readonly Scene[] = [
  { role: "request" },
  { role: "request", limits: { acceptHttp10: true, maxHeadBytes: 64, maxHeaderCount: 3 } },
  { role: "response" },
  { role: "response", method: "HEAD" },
  { role: "response", method: "CONNECT" },
  { role: "response", upgrade: true },
];
const scene = fc.constantFrom(...SCENES);

/** Text that is nearly a message: pieces of syntax, so that random bytes reach deep states. */
const nearMessage = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom("\r\n", "Host: a\r\n", "Content-Length: ", "3", "0\r\n"),
      },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          ...["Transfer-Encoding: chunked\r\n", "Connection: close, x\r\n", "3\r\nabc\r\n", ";a=b"],
          ...["X: y \r\n", "Upgrade: b\r\nConnection: upgrade\r\n", "TE: trailers\r\n", "\n", "\r"],
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 5 }) },
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));
const start = fc.constantFrom(
  ...["GET / HTTP/1.1\r\n", "POST http://b/c HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", ""],
  ...["HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 A\r\n", "HTTP/1.0 304\r\n", "HTTP/1.1 101 S\r\n"],
);
const input = fc.oneof(
  fc.tuple(start, nearMessage).map(([line, rest]) => bytesOf(line + rest)),
  fc.uint8Array({ maxLength: 200 }),
);

test("a decoder takes any bytes without throwing, and says the same however they are split", () => {
  const cuts = fc.array(fc.nat(400), { maxLength: 6 });
  fc.assert(
    fc.property(scene, input, cuts, fc.boolean(), (one, bytes, offsets, fin) => {
      const whole = feed(one, [bytes], fin);
      const sorted = [...new Set(offsets.map((offset) => offset % (bytes.length + 1)))].sort(
        (a, b) => a - b,
      );
      const pieces = [0, ...sorted].map((from, i) =>
        bytes.subarray(from, sorted[i] ?? bytes.length),
      );
      const split = feed(one, pieces, fin);
      expect(split.log).toBe(whole.log);
      if (whole.log.endsWith("\nend")) expect(split.consumed).toBe(whole.consumed);
      expect(whole.consumed).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 3000 },
  );
});

test("after an error or an end a sink hears nothing more", () => {
  fc.assert(
    fc.property(scene, input, input, (one, bytes, more) => {
      const before = feed(one, [bytes]).log;
      if (!/^(end|error)/m.test(before)) return;
      expect(feed(one, [bytes, more], true).log).toBe(before);
    }),
    { numRuns: 1000 },
  );
});

const token = fc.string({
  unit: fc.constantFrom(..."abcxyz019-_.!~"),
  minLength: 1,
  maxLength: 12,
});
const fieldValue = fc
  .string({ unit: fc.constantFrom(...'aB1 \t,;="\xe9\xff'), maxLength: 30 })
  .map((text) => text.trim());
/** Names that mean nothing to the codec. */
const fields = fc.array(
  fc.tuple(
    token.map((name) => `q${name}`),
    fieldValue,
  ),
  { maxLength: 12 },
);
const path = fc
  .string({ unit: fc.constantFrom(..."abc/%.?&=~\\^"), maxLength: 40 })
  .map((text) => `/${text}`);
const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });

function bodyBytes(parts: readonly Uint8Array[]): string {
  return parts.map((part) => Buffer.from(part).toString("latin1")).join("");
}

const ordinaryMethod = fc.constantFrom(...METHODS.filter((method) => method !== "CONNECT"));

test("a request reads back as it was written", () => {
  fc.assert(
    fc.property(
      ordinaryMethod,
      path,
      fields,
      chunks,
      fields,
      (method, target, list, body, trailers) => {
        const head = new RequestHead();
        head.method = method;
        head.setPath(target);
        head.setAuthority("a.b:80");
        for (const [name, text] of list) head.append(headerName(name), text);
        const out = new OutputBuffer();
        encodeRequestHead(out, head, "chunked");
        for (const part of body) encodeChunk(out, part, 0, part.length);
        const block = new RequestHead();
        for (const [name, text] of trailers) block.append(headerName(name), text);
        encodeLastChunk(out, block);
        const read = feed({ role: "request" }, [bytesOf(out.text())]);
        expect(read.consumed).toBe(out.size);
        expect(read.log).toBe(
          [
            `request ${method} ${JSON.stringify(target)} authority="a.b:80" chunked`,
            ...list.map(([name, text]) => `field ${name}: ${quotedLikeLog(text)}`),
            ...(bodyBytes(body) === "" ? [] : [`data ${quotedLikeLog(bodyBytes(body))}`]),
            ...trailers.map(([name, text]) => `trailer ${name}: ${quotedLikeLog(text)}`),
            "end",
          ].join("\n"),
        );
      },
    ),
  );
});

test("a response reads back as it was written", () => {
  const status = fc.integer({ min: 200, max: 599 }).filter((code) => code !== 204 && code !== 304);
  fc.assert(
    fc.property(
      status,
      fields,
      fc.uint8Array({ minLength: 1, maxLength: 90 }),
      (code, list, body) => {
        const head = new ResponseHead();
        head.status = code;
        head.contentLength = body.length;
        for (const [name, text] of list) head.append(headerName(name), text);
        const out = new OutputBuffer();
        encodeResponseHead(out, head, "length");
        out.write(body);
        const lines = feed({ role: "response" }, [bytesOf(out.text())]).log.split("\n");
        expect(lines[0]).toStartWith(`response ${code} `);
        expect(lines.slice(1)).toEqual([
          ...list.map(([name, text]) => `field ${name}: ${quotedLikeLog(text)}`),
          `field content-length: "${body.length}"`,
          `data ${quotedLikeLog(bodyBytes([body]))}`,
          "end",
        ]);
      },
    ),
  );
});

/** As testing/log.ts writes values, without its code. */
function quotedLikeLog(text: string): string {
  const all = JSON.stringify(text.length > 100 ? text.slice(0, 10) : text).replace(
    /[\u007f-\u009f]/g,
    (c) => `\\u00${c.charCodeAt(0).toString(16)}`,
  );
  return text.length > 100 ? `${all}... ${text.length} bytes` : all;
}

test("forwarding a decoded request changes nothing that the next decoder sees", () => {
  fc.assert(
    fc.property(
      path,
      fields,
      fc.constantFrom(": ", ":", ": \t", ":  "),
      (target, list, separator) => {
        const lines = list.map(([name, text]) => `${name.toUpperCase()}${separator}${text}`);
        const text = [`GET ${target} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");
        const first = feed({ role: "request" }, [bytesOf(text)]).log;
        const out = new OutputBuffer();
        const sink = new (class extends LogSink {
          override onHead(head: RequestHead | ResponseHead): void {
            if (head instanceof RequestHead) encodeRequestHead(out, head, head.framing);
          }
        })();
        const bytes = bytesOf(text);
        createDecoder({ role: "request" }, sink).receive(bytes, 0, bytes.length);
        expect(feed({ role: "request" }, [bytesOf(out.text())]).log).toBe(first);
      },
    ),
  );
});

test("a head that comes byte by byte costs what it is long, not the square of it", () => {
  const head = bytesOf(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(60_000)}\r\n\r\n`);
  const start = performance.now();
  const pieces = Array.from(head, (byte) => Uint8Array.of(byte));
  expect(feed({ role: "request" }, pieces).log).toEndWith("end");
  // 0.02 s on the machine this was written on; the square would be minutes.
  expect(performance.now() - start).toBeLessThan(2000);
});
