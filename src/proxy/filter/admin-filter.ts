// The admin listener's only filter: answers every request by the admin interface, instead of a route.

import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { handleAdmin, prepareAdmin } from "../admin/admin.ts";
import { ADMIN_HEADERS, type AdminRequest } from "../admin/admin-request.ts";
import type { AdminState } from "../admin/admin-state.ts";
import type { FilterStatus, FilterStream, HttpFilter, HttpFilterFactory } from "./filter.ts";

/** What the filter needs of a stream beyond what other filters see: to answer with a body of its own. */
export interface AnsweringStream extends FilterStream {
  localHead(): ResponseHead;
  sendHead(head: ResponseHead, details: string): void;
  sendData(bytes: Uint8Array, start: number, end: number): void;
  sendEnd(trailers: undefined): void;
}

const CONTENT_TYPE = headerName("content-type");
const HEADERS = ADMIN_HEADERS.map(([name, value]) => ({ name: headerName(name), value }));
const encoder = new TextEncoder();

class AdminFilter implements HttpFilter {
  readonly #stream: AnsweringStream;
  readonly #state: AdminState;
  /** The one that is being answered. */
  #request: AdminRequest | undefined;

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
    prepareAdmin(path, this.#state, () => {
      this.#stream.dispatcher.run(() => this.#answer(request));
    });
    return "stop";
  }

  /** The connection is gone, or has come to its next request. */
  onStreamEnd(): void {
    this.#request = undefined;
  }

  #answer(request: AdminRequest): void {
    if (this.#request !== request) return;
    this.#request = undefined;
    const stream = this.#stream;
    const { status, contentType, body } = handleAdmin(request, this.#state);
    const reply = stream.localHead();
    reply.status = status;
    reply.requestMethod = request.method;
    reply.framing = request.method === "HEAD" ? "none" : "chunked";
    reply.append(CONTENT_TYPE, contentType);
    for (const { name, value } of HEADERS) reply.append(name, value);
    stream.sendHead(reply, "admin_filter_response");
    const bytes = encoder.encode(body);
    if (bytes.length > 0 && request.method !== "HEAD") stream.sendData(bytes, 0, bytes.length);
    stream.sendEnd(undefined);
  }
}

/** `state` is asked for at each request: the admin listener is there before what it shows. */
export function createAdminFactory(state: AdminState): HttpFilterFactory {
  return { createFilter: (stream) => new AdminFilter(stream as AnsweringStream, state) };
}
