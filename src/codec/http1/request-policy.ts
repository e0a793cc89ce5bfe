// Requests that are well-formed but refused by policy before routing: decided here, answered by the connection manager.
import type { RequestHead } from "./request-head.ts";

export interface RequestPolicy {
  /** Upgrade protocols that a route may take, lower-case ("websocket"). */
  readonly upgrades: readonly string[];
  /** CONNECT may be routed. Default false. */
  readonly allowConnect?: boolean;
  /** Targets in absolute form are served (default); otherwise they are paths without a leading slash. */
  readonly allowAbsoluteUrl?: boolean;
}

/** A local reply in Envoy's terms; the connection closes after it when `closes`. */
export interface RequestRejection {
  readonly status: 400 | 403 | 404;
  readonly details:
    | "missing_host_header"
    | "path_normalization_failed"
    | "absolute_path_rejected"
    | "upgrade_failed";
  readonly closes: boolean;
}

/** The reason to refuse `head`, or undefined. */
export function checkRequestHead(
  head: RequestHead,
  policy: RequestPolicy,
): RequestRejection | undefined {
  void head;
  void policy;
  return undefined;
}
