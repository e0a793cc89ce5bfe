// A route configuration compiled for matching: host -> virtual host -> first route that matches. Made once an update, never changed.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { RetryPolicy, Route, RouteConfig, VirtualHostConfig } from "../config/route-config.ts";
import { assert } from "#base/assert.ts";

/** What a request matched: shared by all requests that match the same route, and kept by each for its life. */
export interface RouteEntry {
  readonly route: Route;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTable;
  /** The route's, else the virtual host's. */
  readonly retryPolicy: RetryPolicy | undefined;
}

export class RouteTable {
  readonly config: RouteConfig;

  constructor(config: RouteConfig) {
    this.config = config;
  }

  /** The entry for a request; undefined: no route (404 NR). `random` is the stream's one u32. */
  match(_head: RequestHead, _random: number): RouteEntry | undefined {
    assert(false, "RouteTable.match is being written");
    return undefined;
  }
}
