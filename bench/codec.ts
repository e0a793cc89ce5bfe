// What the HTTP/1 codec costs: decodes a typical request head and writes it out again with two fields more.
// Run by `bun bench/codec.ts`; the same head as in the figures that the design was chosen by (370 bytes, 9 fields).
import { headerName } from "#codec/header-name.ts";
import { encodeRequestHead } from "#codec/http1/encoder.ts";
import { removeHopByHop } from "#codec/http1/hop-by-hop.ts";
import { RequestDecoder, type RequestSink } from "#codec/http1/request-decoder.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { REQUEST_LIMITS } from "#codec/limits.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";

const HEAD = [
  "GET /api/v1/products/0/reviews?page=1 HTTP/1.1",
  "Host: productpage.default.svc.cluster.local:9080",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
  "Accept: application/json, text/plain, */*",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-GB",
  "Cookie: session=0123456789abcdef0123",
  "Referer: http://127.0.0.1:8080/home",
  "Connection: keep-alive",
  "",
  "",
].join("\r\n");

const FORWARDED_PROTO = headerName("x-forwarded-proto");
const REQUEST_ID = headerName("x-request-id");
const PROTO = new TextEncoder().encode("http");
const ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const OPERATIONS = 1_000_000;
const ROUNDS = 5;

const out = new OutputBuffer();
const sink: RequestSink = {
  onHead(head: RequestHead) {
    removeHopByHop(head);
    head.append(FORWARDED_PROTO, PROTO);
    head.append(REQUEST_ID, ID);
    encodeRequestHead(out, head, head.framing);
  },
  onData() {},
  onTrailers() {},
  onEnd() {},
  onError(error) {
    throw new Error(error.message);
  },
};

const decoder = new RequestDecoder(REQUEST_LIMITS, sink);
const original = new TextEncoder().encode(HEAD);
const bytes = new Uint8Array(original.length);

/** Restoring the head that was lower-cased in place is measured alone and taken off. */
function run(decodes: boolean): number {
  const start = performance.now();
  for (let i = 0; i < OPERATIONS; i += 1) {
    bytes.set(original);
    if (!decodes) continue;
    out.clear();
    decoder.receive(bytes, 0, bytes.length);
    decoder.next();
  }
  return ((performance.now() - start) / OPERATIONS) * 1000;
}

run(true);
const rounds = Array.from({ length: ROUNDS }, () => run(true) - run(false));
const best = Math.min(...rounds).toFixed(3);
const median = rounds.sort((a, b) => a - b)[ROUNDS >> 1]?.toFixed(3);
console.log(`${original.length} bytes in, ${out.size} bytes out`);
console.log(`decode and re-encode: best ${best} us, median ${median} us`);
