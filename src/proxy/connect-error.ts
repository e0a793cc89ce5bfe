// What went wrong with an attempt to connect, in Envoy's terms.
import type { SocketError } from "#base/net.ts";

/** Errors that our own kernel gave before a packet left: Envoy's local connection failure. All others came from afar. */
const LOCAL_ERRORS: ReadonlySet<string> = new Set([
  "EACCES",
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EMFILE",
  "ENETUNREACH",
  "ENFILE",
  "ENOBUFS",
  "EPERM",
]);

/** As strerror(3) says it, since response code details carry it. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
};

export function connectFailureOf(
  error: SocketError | undefined,
): "localConnectFailure" | "remoteConnectFailure" {
  return LOCAL_ERRORS.has(error?.code ?? "") ? "localConnectFailure" : "remoteConnectFailure";
}

/** "delayed connect error: Connection refused": Envoy's upstream transport failure reason. */
export function connectErrorText(error: SocketError | undefined): string {
  const text = TEXTS[error?.code ?? ""] ?? error?.message ?? "unknown";
  return `delayed connect error: ${text}`;
}
