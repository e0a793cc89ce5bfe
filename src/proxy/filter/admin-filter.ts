// The admin listener's only filter: answers every request by the admin interface, instead of a route.

import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { handleAdmin, isAdminStream, openAdmin, prepareAdmin } from "../admin/admin.ts";
import {
  ADMIN_HEADERS,
  type AdminRequest,
  type AdminResponse,
  type AdminStream,
  textResponse,
} from "../admin/admin-request.ts";
import type { AdminState } from "../admin/admin-state.ts";
import type { BodyBuffer } from "../http/body-buffer.ts";
import { MAX_TAP_REQUEST_BYTES, MAX_UNREAD_BYTES } from "../tap/limits.ts";
import type { FilterStatus, FilterStream, HttpFilter, HttpFilterFactory } from "./filter.ts";

/** What the filter needs of a stream beyond what other filters see: to answer with a body of its own. */
export interface AnsweringStream extends FilterStream {
  readonly isRequestComplete: boolean;
  readonly unsentBytes: number;
  /** undefined: it may be idle for ever. */
  idleTimeoutMs: number | undefined;
  localHead(): ResponseHead;
  sendHead(head: ResponseHead, details: string): void;
  sendData(bytes: Uint8Array, start: number, end: number): void;
  sendEnd(trailers: undefined): void;
}

const CONTENT_TYPE = headerName("content-type");
const HEADERS = ADMIN_HEADERS.map(([name, value]) => ({ name: headerName(name), value }));
const encoder = new TextEncoder();
const decoder = new TextDecoder();

class AdminFilter implements HttpFilter {
  readonly #stream: AnsweringStream;
  readonly #state: AdminState;
  /** The one that is being answered. */
  #request: AdminRequest | undefined;
  /** The response that goes on. */
  #open: AdminStream | undefined;

  constructor(stream: AnsweringStream, state: AdminState) {
    this.#stream = stream;
    this.#state = state;
  }

  onRequestHead(head: RequestHead): FilterStatus {
    const target = head.path();
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const query = mark < 0 ? "" : target.slice(mark + 1);
    const request: AdminRequest = { method: head.method, path, query };
    this.#request = request;
    if (isAdminStream(request)) {
      if (this.#stream.isRequestComplete) this.#openStream(request, "");
      return "stop";
    }
    prepareAdmin(path, this.#state, () => {
      this.#stream.dispatcher.run(() => this.#answer(request));
    });
    return "stop";
  }

  onHeldBody({ bytes, size }: BodyBuffer, isComplete: boolean): void {
    const request = this.#request;
    if (request === undefined || !isAdminStream(request)) return;
    if (size > MAX_TAP_REQUEST_BYTES) {
      this.#request = undefined;
      const message = `A body has at most ${MAX_TAP_REQUEST_BYTES} bytes.`;
      this.#send(request, textResponse(message, 413));
    } else if (isComplete) {
      this.#openStream(request, decoder.decode(bytes.subarray(0, size)));
    }
  }

  /** The connection is gone, or has come to its next request. */
  onStreamEnd(): void {
    this.#request = undefined;
    const open = this.#open;
    this.#open = undefined;
    open?.close();
  }

  #answer(request: AdminRequest): void {
    if (this.#request !== request) return;
    this.#request = undefined;
    this.#send(request, handleAdmin(request, this.#state));
  }

  #openStream(request: AdminRequest, body: string): void {
    this.#request = undefined;
    const stream = this.#stream;
    const opened = openAdmin(request, body, this.#state, { write: (text) => this.#write(text) });
    if ("status" in opened) {
      this.#send(request, opened);
      return;
    }
    this.#open = opened;
    stream.idleTimeoutMs = undefined;
    this.#sendHead(request, 200, opened.contentType);
  }

  #write(text: string): boolean {
    const stream = this.#stream;
    if (this.#open === undefined || stream.unsentBytes > MAX_UNREAD_BYTES) return false;
    const bytes = encoder.encode(text);
    stream.dispatcher.run(() => stream.sendData(bytes, 0, bytes.length));
    return true;
  }

  #send(request: AdminRequest, { status, contentType, body }: AdminResponse): void {
    const stream = this.#stream;
    this.#sendHead(request, status, contentType);
    const bytes = encoder.encode(body);
    if (bytes.length > 0 && request.method !== "HEAD") stream.sendData(bytes, 0, bytes.length);
    stream.sendEnd(undefined);
  }

  #sendHead(request: AdminRequest, status: number, contentType: string): void {
    const reply = this.#stream.localHead();
    reply.status = status;
    reply.requestMethod = request.method;
    reply.framing = request.method === "HEAD" ? "none" : "chunked";
    reply.append(CONTENT_TYPE, contentType);
    for (const { name, value } of HEADERS) reply.append(name, value);
    this.#stream.sendHead(reply, "admin_filter_response");
  }
}

/** `state` is asked for at each request: the admin listener is there before what it shows. */
export function createAdminFactory(state: AdminState): HttpFilterFactory {
  return { createFilter: (stream) => new AdminFilter(stream as AnsweringStream, state) };
}
