// What a HTTP filter is: an object beside one stream that may look at, hold up or answer a request, and look at the response.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { BodyBuffer } from "../http/body-buffer.ts";
import type { RouteEntry } from "../route/route-table.ts";
import type { StreamInfo } from "../stream-info.ts";

/** "stop": nothing goes on to later filters until `FilterStream.continueRequest`, or a local reply, which ends the matter. */
export type FilterStatus = "continue" | "stop";

/** The stream as a filter sees it. */
export interface FilterStream extends StreamInfo {
  readonly dispatcher: Dispatcher;
  /** The one random number of this request, which its route and cluster were chosen by. */
  readonly random: number;
  /** The route that the request matched; undefined: none, and the router will answer 404. */
  readonly routeEntry: RouteEntry | undefined;
  /** The cluster that the request will go to; undefined: the route answers by itself, or there is none. */
  readonly clusterName: string | undefined;
  /** Goes on behind the filter that stopped. */
  continueRequest(): void;
  /** Answers instead of the upstream. `details` is Envoy's response code details. */
  sendLocalReply(status: number, body: string, details: string, grpcStatus?: number): void;
  addFlag(flag: number): void;
}

/** Made once a connection and used for each of its requests in turn. Body bytes wait in the stream while a filter stops it. */
export interface HttpFilter {
  onRequestHead(head: RequestHead): FilterStatus;
  /** More of the body of a request that this filter holds has come; the bytes are only good now. `isComplete`: that was all. */
  onHeldBody?(body: BodyBuffer, isComplete: boolean): void;
  /** The response's fields may be changed; it is on its way and cannot be stopped. */
  onResponseHead?(head: ResponseHead): void;
  /** The stream is over, however it ended: take back timers, give back what was counted. */
  onStreamEnd(): void;
}

/** A filter's configuration at run time, shared by all streams of a filter chain. */
export interface HttpFilterFactory {
  createFilter(stream: FilterStream): HttpFilter;
}
