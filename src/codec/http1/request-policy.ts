// Requests that are well-formed but refused by policy before routing: decided here, answered by the connection manager.
import { CONTENT_TYPE } from "./field-names.ts";
import type { RequestHead } from "./request-head.ts";

const [SLASH, HASH] = [47, 35];

export interface RequestPolicy {
  /** Upgrade protocols that a route may take, lower-case ("websocket"). */
  readonly upgrades: readonly string[];
  /** CONNECT may be routed. Default false. */
  readonly allowConnect?: boolean;
  /** A "#" and what follows is cut off the path instead of refused (Istio's http_reject_path_with_fragment=false). Default false. */
  readonly stripFragment?: boolean;
}

/** A local reply in Envoy's terms, with an empty body. */
export interface RequestRejection {
  readonly status: 400 | 403 | 404;
  readonly details:
    | "missing_host_header"
    | "path_normalization_failed"
    | "absolute_path_rejected"
    | "query_missing_content_type"
    | "route_not_found"
    | "upgrade_failed";
  /** Response flag; undefined: "-". */
  readonly flag?: "NR";
  /** The reply carries "connection: close", and the connection closes. */
  readonly closes: boolean;
}

const MISSING_HOST: RequestRejection = {
  status: 400,
  details: "missing_host_header",
  closes: true,
};
const FRAGMENT: RequestRejection = {
  status: 400,
  details: "path_normalization_failed",
  closes: true,
};
const NOT_A_PATH: RequestRejection = {
  status: 404,
  details: "absolute_path_rejected",
  closes: false,
};
const QUERY_WITHOUT_TYPE: RequestRejection = {
  status: 400,
  details: "query_missing_content_type",
  closes: true,
};
const CONNECT_WITHOUT_ROUTE: RequestRejection = {
  status: 404,
  details: "route_not_found",
  flag: "NR",
  closes: true,
};
const UPGRADE_NOT_ALLOWED: RequestRejection = {
  status: 403,
  details: "upgrade_failed",
  closes: true,
};

/**
 * The reason to refuse `head`, or undefined, in the order in which Envoy 1.40's connection manager asks. May shorten the path when
 * `stripFragment` is set.
 */
export function checkRequestHead(
  head: RequestHead,
  policy: RequestPolicy,
): RequestRejection | undefined {
  if (!head.hasAuthority) return MISSING_HOST;
  if (head.method === "CONNECT") {
    return policy.allowConnect === true ? undefined : CONNECT_WITHOUT_ROUTE;
  }
  if (head.pathBytes[head.pathStart] !== SLASH) return NOT_A_PATH;
  if (head.hasFragment && !cutFragment(head, policy)) return FRAGMENT;
  if (head.method === "QUERY" && !head.has(CONTENT_TYPE)) return QUERY_WITHOUT_TYPE;
  if (head.upgrade !== "" && !policy.upgrades.includes(head.upgrade)) return UPGRADE_NOT_ALLOWED;
  return undefined;
}

function cutFragment(head: RequestHead, policy: RequestPolicy): boolean {
  if (policy.stripFragment !== true) return false;
  const hash = head.pathBytes.indexOf(HASH, head.pathStart);
  if (hash !== -1 && hash < head.pathEnd) head.setPathRange(head.pathBytes, head.pathStart, hash);
  head.hasFragment = false;
  return true;
}
