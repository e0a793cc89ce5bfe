// Why an upstream attempt ended without a whole response: Envoy's reset reasons, with the flag, status and words of each.
import { FLAG } from "../response-flags.ts";
import type { PoolFailureReason } from "../upstream/connection-pool.ts";

export type ResetReason =
  | "localConnectionFailure"
  | "remoteConnectionFailure"
  | "connectionTimeout"
  | "connectionTermination"
  | "localReset"
  | "remoteReset"
  | "overflow"
  | "protocolError";

interface ResetForm {
  readonly flag: number;
  readonly status: 502 | 503;
  /** As local reply bodies say it. */
  readonly text: string;
  /** As response code details say it. */
  readonly details: string;
  /** No connection was ever there. */
  readonly isConnectFailure: boolean;
}

const form = (
  text: string,
  flag: number,
  status: 502 | 503 = 503,
  isConnectFailure = false,
): ResetForm => ({
  flag,
  status,
  text,
  details: text.replaceAll(" ", "_"),
  isConnectFailure,
});

/** Envoy's `streamResetReasonToResponseFlag` and `resetReasonToString`. */
export const RESET: Readonly<Record<ResetReason, ResetForm>> = {
  localConnectionFailure: form("local connection failure", FLAG.UF, 503, true),
  remoteConnectionFailure: form("remote connection failure", FLAG.UF, 503, true),
  connectionTimeout: form("connection timeout", FLAG.UF, 503, true),
  connectionTermination: form("connection termination", FLAG.UC),
  localReset: form("local reset", FLAG.LR),
  remoteReset: form("remote reset", FLAG.UR),
  overflow: form("overflow", FLAG.UO),
  protocolError: form("protocol error", FLAG.UPE, 502),
};

export const RESET_OF_POOL_FAILURE: Readonly<Record<PoolFailureReason, ResetReason>> = {
  overflow: "overflow",
  localConnectFailure: "localConnectionFailure",
  remoteConnectFailure: "remoteConnectionFailure",
  connectTimeout: "connectionTimeout",
};
