// One request that a proxy has seen, as `sampan tap` shows it: named, timed, explained, and without secrets.
import type { MeshNames } from "../client/mesh-names.ts";
import { explainFlags, flagsOf } from "./flags.ts";
import { type Address, type HeaderLine, headerValue, type Trace } from "./trace.ts";

/** Where a request comes from or goes to. */
export interface TappedPeer {
  /** "host:port". */
  readonly address: string;
  /** The workload that has this address; left out when none of the mesh has. */
  readonly workload?: string;
}

/** `sampan tap -o json`: one such object a line. Fields that the proxy does not tell are left out. */
export interface TappedRequest {
  /** Number of the proxy and of the request, "1:0": the same in the lines of other formats. */
  readonly id: string;
  /** The proxy that saw it. */
  readonly proxy: string;
  /** "outbound": sent by the proxy's workload (or through a gateway); "inbound": sent to it. */
  readonly direction: "outbound" | "inbound";
  /** When its head came, in milliseconds since 1970. */
  readonly startedAtMs?: number;
  readonly source?: TappedPeer;
  /** The last host that was tried; left out when there was none. */
  readonly destination?: TappedPeer;
  /** "reviews.default" */
  readonly service?: string;
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  /** As the client wrote it, with its query. */
  readonly path: string;
  /** Without pseudo-headers; values of credentials are replaced by "[redacted]". */
  readonly requestHeaders: readonly HeaderLine[];
  /** Left out when the client got no response. */
  readonly status?: number;
  readonly responseHeaders?: readonly HeaderLine[];
  /** Until the head of the response. */
  readonly latencyMs?: number;
  /** Until its end; Envoy does not tell. */
  readonly durationMs?: number;
  /** Of the response's body, as its content-length says, or counted. */
  readonly responseBytes?: number;
  /** Envoy's short names ("UH"); empty when the upstream answered. */
  readonly responseFlags: readonly string[];
  /** The flags are drawn from the response's form, as Envoy's tap tells none. */
  readonly flagsAreInferred: boolean;
  /** The flags in plain words. */
  readonly explanation?: string;
}

export interface Observer {
  readonly proxy: string;
  /** A gateway, or the proxy of programs without one: requests come from elsewhere. */
  readonly isShared: boolean;
  readonly direction: "outbound" | "inbound";
}

/** Fields whose values let their reader in. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
]);

export function toTappedRequest(
  id: string,
  trace: Trace,
  observer: Observer,
  names: MeshNames,
): TappedRequest {
  const { requestHeaders, responseHeaders, requestAtMs, responseAtMs, details } = trace;
  const request = (name: string): string => headerValue(requestHeaders, name) ?? "";
  const flags = flagsOf(trace);
  const status = Number(headerValue(responseHeaders, ":status"));
  const bytes = details?.bytesSent ?? Number(headerValue(responseHeaders, "content-length"));
  const isInbound = observer.direction === "inbound";
  const source = peerOf(
    trace.downstreamRemote,
    names,
    isInbound || observer.isShared ? undefined : observer.proxy,
  );
  const destination = peerOf(trace.upstreamRemote, names, isInbound ? observer.proxy : undefined);
  const service = serviceOf(trace, observer, names);
  const latencyMs = difference(requestAtMs, responseAtMs);
  return {
    id,
    proxy: observer.proxy,
    direction: observer.direction,
    ...(requestAtMs === undefined ? {} : { startedAtMs: requestAtMs }),
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(service === undefined ? {} : { service }),
    method: request(":method"),
    scheme: request(":scheme"),
    authority: request(":authority"),
    path: headerValue(requestHeaders, "x-envoy-original-path") ?? request(":path"),
    requestHeaders: withoutSecrets(requestHeaders),
    ...(responseHeaders === undefined || !Number.isInteger(status) ? {} : { status }),
    ...(responseHeaders === undefined ? {} : { responseHeaders: withoutSecrets(responseHeaders) }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(details === undefined ? {} : { durationMs: details.durationMs }),
    ...(Number.isInteger(bytes) ? { responseBytes: bytes } : {}),
    responseFlags: flags.names,
    flagsAreInferred: flags.isInferred,
    ...(flags.names.length === 0 ? {} : { explanation: explainFlags(flags) }),
  };
}

function peerOf(
  address: Address | undefined,
  names: MeshNames,
  known: string | undefined,
): TappedPeer | undefined {
  if (address === undefined) return undefined;
  const { host, port } = address;
  const workload = known ?? names.workload(host);
  const text = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return { address: text, ...(workload === undefined ? {} : { workload }) };
}

/** By the cluster where the proxy tells it, else by the host that was reached, else by the name that was asked for. */
function serviceOf(trace: Trace, { direction }: Observer, names: MeshNames): string | undefined {
  const { details, requestHeaders, upstreamRemote } = trace;
  const byCluster = details && names.serviceOfCluster(details.cluster);
  if (byCluster !== undefined) return byCluster;
  const byAuthority = names.serviceNamed(headerValue(requestHeaders, ":authority") ?? "");
  if (byAuthority !== undefined || direction === "inbound") return byAuthority;
  return upstreamRemote && names.serviceAt(upstreamRemote);
}

const withoutSecrets = (lines: readonly HeaderLine[]): HeaderLine[] =>
  lines
    .filter(([name]) => !name.startsWith(":"))
    .map(([name, value]) => [name, SECRET_HEADERS.has(name.toLowerCase()) ? "[redacted]" : value]);

/** Microseconds are what the proxies tell; more digits are noise of the subtraction. */
function difference(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  if (fromMs === undefined || toMs === undefined) return undefined;
  return Math.max(0, Math.round((toMs - fromMs) * 1000) / 1000);
}
