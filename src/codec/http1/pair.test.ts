import { expect, test } from "bun:test";
import fc from "fast-check";
import type { HeaderBlock } from "../header-block.ts";
import { headerName } from "../header-name.ts";
import { latin1 } from "../latin1.ts";
import { REQUEST_LIMITS, RESPONSE_LIMITS } from "../limits.ts";
import { OutputBuffer } from "../output-buffer.ts";
import type { ProtocolError } from "../protocol-error.ts";
import {
  encodeChunk,
  encodeContinue,
  encodeLastChunk,
  encodeRequestHead,
  encodeResponseHead,
} from "./encoder.ts";
import type { Framing } from "./framing.ts";
import { RequestDecoder, type RequestSink } from "./request-decoder.ts";
import { RequestHead } from "./request-head.ts";
import { ResponseDecoder, type ResponseSink } from "./response-decoder.ts";
import { ResponseHead } from "./response-head.ts";

// A client and a server engine wired in memory: many exchanges over one connection, in pieces of any size, several on the way at once.

interface Exchange {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  readonly requestBody: string;
  readonly requestFraming: "length" | "chunked";
  readonly status: 200 | 204 | 304 | 500;
  readonly responseBody: string;
  readonly responseFraming: "length" | "chunked";
  readonly withContinue: boolean;
  readonly trailer: string | undefined;
}

const ID = headerName("x-id");
const SUM = headerName("x-sum");

function encodeBody(out: OutputBuffer, framing: Framing, body: string, trailer?: string): void {
  if (framing === "none") return;
  if (framing === "length") {
    out.ascii(body);
    return;
  }
  const bytes = Buffer.from(body, "latin1");
  for (let at = 0; at < bytes.length; at += 7)
    encodeChunk(out, bytes, at, Math.min(at + 7, bytes.length));
  const trailers = new ResponseHead();
  if (trailer !== undefined) trailers.append(SUM, trailer);
  encodeLastChunk(out, trailers);
}

/** What one side heard of one message. */
class Heard {
  id = "";
  body = "";
  trailer: string | undefined = undefined;
  informational = 0;
  hasEnded = false;
}

abstract class Side {
  readonly out: OutputBuffer = new OutputBuffer();
  readonly heard: Heard[] = [];
  current = new Heard();

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.current.body += latin1(bytes, start, end);
  }

  onTrailers(trailers: HeaderBlock): void {
    this.current.trailer = trailers.value(SUM);
  }

  onError(error: ProtocolError): void {
    throw new Error(error.message);
  }

  protected finish(): void {
    this.current.hasEnded = true;
    this.heard.push(this.current);
    this.current = new Heard();
  }
}

class Server extends Side implements RequestSink {
  readonly #decoder = new RequestDecoder(REQUEST_LIMITS, this);
  readonly #exchanges: readonly Exchange[];

  constructor(exchanges: readonly Exchange[]) {
    super();
    this.#exchanges = exchanges;
  }

  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      at += this.#decoder.receive(bytes, at, bytes.length);
      if (this.#decoder.isIdle && at < bytes.length) this.#decoder.next();
    }
    if (this.#decoder.isIdle) this.#decoder.next();
  }

  onHead(head: RequestHead): void {
    this.current.id = head.value(ID) ?? "";
  }

  onEnd(): void {
    const index = this.heard.length;
    const exchange = this.#exchanges[index];
    this.finish();
    if (exchange === undefined) throw new Error("More requests were heard than sent");
    if (exchange.withContinue) encodeContinue(this.out);
    const head = new ResponseHead();
    head.status = exchange.status;
    head.requestMethod = exchange.method;
    head.append(ID, String(index));
    const hasBody =
      exchange.method !== "HEAD" && exchange.status !== 204 && exchange.status !== 304;
    const isEmpty = exchange.responseFraming === "length" && exchange.responseBody === "";
    const framing = hasBody && !isEmpty ? exchange.responseFraming : "none";
    head.contentLength = exchange.responseBody.length;
    encodeResponseHead(this.out, head, framing);
    encodeBody(this.out, framing, exchange.responseBody, exchange.trailer);
  }
}

class Client extends Side implements ResponseSink {
  readonly #decoder = new ResponseDecoder(RESPONSE_LIMITS, this);
  readonly #exchanges: readonly Exchange[];

  constructor(exchanges: readonly Exchange[]) {
    super();
    this.#exchanges = exchanges;
    this.#expectNext();
    exchanges.forEach((exchange, index) => {
      this.#send(exchange, index);
    });
  }

  #expectNext(): void {
    const next = this.#exchanges[this.heard.length];
    if (next !== undefined) this.#decoder.expect(next.method);
  }

  #send(exchange: Exchange, index: number): void {
    const head = new RequestHead();
    head.method = exchange.method;
    head.setPath(`/${index}`);
    head.setAuthority("a");
    head.append(ID, String(index));
    head.contentLength = exchange.requestBody.length;
    const isEmpty = exchange.requestFraming === "length" && exchange.requestBody === "";
    const framing = isEmpty ? "none" : exchange.requestFraming;
    encodeRequestHead(this.out, head, framing);
    encodeBody(this.out, framing, exchange.requestBody, exchange.trailer);
  }

  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = this.#decoder.receive(bytes, at, bytes.length);
      at += taken;
      if (at < bytes.length && taken === 0)
        throw new Error("The server sent more than was asked for");
    }
  }

  onInformational(): void {
    this.current.informational += 1;
  }

  onHead(head: ResponseHead): void {
    this.current.id = head.value(ID) ?? "";
  }

  onEnd(): void {
    this.finish();
    this.#expectNext();
  }
}

/** Moves what one side wrote to the other, `size` bytes at a time. */
function carry(from: Side, to: { receive(bytes: Uint8Array): void }, size: number): void {
  while (from.out.size > 0) {
    const end = Math.min(from.out.end, from.out.start + size);
    const piece = from.out.bytes.slice(from.out.start, end);
    from.out.consume(piece.length);
    to.receive(piece);
  }
}

const body = fc.string({ unit: fc.constantFrom(..."ab\r\n0:\xff"), maxLength: 60 });
const framing = fc.constantFrom("length" as const, "chunked" as const);
const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom("GET" as const, "HEAD" as const, "POST" as const, "DELETE" as const),
  requestBody: body,
  requestFraming: framing,
  status: fc.constantFrom(200 as const, 204 as const, 304 as const, 500 as const),
  responseBody: body,
  responseFraming: framing,
  withContinue: fc.boolean(),
  trailer: fc.constantFrom(undefined, "1"),
});

test("every response reaches the request it answers, whatever came before it on the connection", () => {
  const size = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(
      fc.array(exchange, { minLength: 1, maxLength: 12 }),
      size,
      size,
      (list, there, back) => {
        const server = new Server(list);
        const client = new Client(list);
        carry(client, server, there);
        carry(server, client, back);
        expect(server.heard).toHaveLength(list.length);
        expect(client.heard).toHaveLength(list.length);
        list.forEach((one, index) => {
          const request = server.heard[index];
          expect(request?.id).toBe(String(index));
          expect(request?.body).toBe(one.requestBody);
          expect(request?.trailer).toBe(one.requestFraming === "chunked" ? one.trailer : undefined);
          const response = client.heard[index];
          const hasBody = one.method !== "HEAD" && one.status !== 204 && one.status !== 304;
          expect(response?.id).toBe(String(index));
          expect(response?.body).toBe(hasBody ? one.responseBody : "");
          expect(response?.informational).toBe(one.withContinue ? 1 : 0);
          const isChunked = hasBody && one.responseFraming === "chunked";
          expect(response?.trailer).toBe(isChunked ? one.trailer : undefined);
        });
      },
    ),
    { numRuns: 300 },
  );
});
