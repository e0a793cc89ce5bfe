// Why a request matches the route that it matches, and none before it: the same compiled objects, asked for words.
import type { RequestHead } from "#codec/http1/request-head.ts";
import { endOfPath } from "./bytes.ts";
import type { RouteEntry } from "./route-entry.ts";
import { type RouteTable, wantsTls } from "./route-table.ts";
import type { DomainKind } from "./virtual-host-index.ts";

export interface RouteExplanation {
  /** Place in the virtual host, from 0. */
  readonly index: number;
  readonly name: string;
  /** Why it does not match; undefined for the one that does. */
  readonly mismatch: string | undefined;
}

export interface MatchExplanation {
  /** What `match` answers. */
  readonly entry: RouteEntry | undefined;
  /** undefined: no domain of any virtual host is this request's host. */
  readonly host:
    | { readonly name: string; readonly domain: string; readonly kind: DomainKind }
    | undefined;
  /** Routes in order, up to and with the one that matches. */
  readonly routes: readonly RouteExplanation[];
}

export function explainMatch(
  table: RouteTable,
  head: RequestHead,
  random: number,
): MatchExplanation {
  const found = table.findHost(head);
  if (found === undefined) return { entry: undefined, host: undefined, routes: [] };
  const { config, routes, tlsRedirect } = found.value;
  const host = { name: config.name, domain: found.domain, kind: found.kind };
  if (tlsRedirect !== undefined && wantsTls(config, head)) {
    return { entry: tlsRedirect, host, routes: [] };
  }
  const pathEnd = endOfPath(head.pathBytes, head.pathStart, head.pathEnd);
  const explained: RouteExplanation[] = [];
  for (const [index, route] of routes.entries()) {
    const mismatch = route.explainMismatch(head, pathEnd, random);
    explained.push({ index, name: route.route.name, mismatch });
    if (mismatch === undefined) return { entry: route, host, routes: explained };
  }
  return { entry: undefined, host, routes: explained };
}
