// What the connection manager does to a request's fields before routing: where it comes from, its id, and what outsiders may not say.
import type { SocketAddress } from "#base/net.ts";
import type { Random } from "#base/random.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import { endOfHost } from "#codec/http1/authority.ts";
import { removeHopByHop } from "#codec/http1/hop-by-hop.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { latin1 } from "#codec/latin1.ts";
import type { HttpConnectionManagerConfig } from "../config/listener-config.ts";
import {
  HTTP_SCHEME,
  VIA,
  X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER,
  X_ENVOY_DOWNSTREAM_SERVICE_NODE,
  X_ENVOY_EXTERNAL_ADDRESS,
  X_ENVOY_INTERNAL,
  X_ENVOY_ORIGINAL_PATH,
  X_FORWARDED_CLIENT_CERT,
  X_FORWARDED_FOR,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
} from "./header-names.ts";
import { REQUEST_ID_BYTES, writeRequestId } from "./request-id.ts";

/**
 * Control fields that only internal requests may carry. Since 1.33 Envoy calls nobody internal unless internal_address_config
 * lists address ranges; that field is not supported here, so nobody is.
 */
const INTERNAL_ONLY: readonly HeaderName[] = [
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-force-trace",
  "x-envoy-ip-tags",
  "x-envoy-original-url",
  "x-envoy-hedge-on-per-try-timeout",
].map(headerName);

/** Fields that a client outside of the mesh may not bring in (use_remote_address). */
const EDGE_ONLY: readonly HeaderName[] = [
  X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER,
  X_ENVOY_DOWNSTREAM_SERVICE_NODE,
  X_ENVOY_ORIGINAL_PATH,
  headerName("x-envoy-decorator-operation"),
  headerName("x-envoy-original-dst-host"),
];

/** x-forwarded-proto may say nothing but these (safety.md 1.2): routing and redirects rely on it. */
const SCHEMES: ReadonlySet<string> = new Set(["http", "https"]);

/** Re-used for every request: `append` copies it. */
const idScratch = new Uint8Array(REQUEST_ID_BYTES);

export interface Origin {
  readonly remoteAddress: SocketAddress;
  readonly localAddress: SocketAddress;
}

/** The connection manager, as far as it has a say in the head. */
export interface HeadPreparation {
  readonly config: HttpConnectionManagerConfig;
  readonly via: Uint8Array | undefined;
  readonly services: { readonly dispatcher: { readonly random: Random } };
}

/** Envoy's `ConnectionManagerUtility::mutateRequestHeaders`, in its order. Returns the address the request is said to come from. */
export function prepareRequestHead(
  head: RequestHead,
  manager: HeadPreparation,
  origin: Origin,
): SocketAddress {
  const { config } = manager;
  removeHopByHop(head);
  if (config.stripAnyHostPort) stripPort(head, undefined);
  else if (config.stripMatchingHostPort) stripPort(head, origin.localAddress.port);
  let remote = origin.remoteAddress;
  if (config.useRemoteAddress) {
    remote = trustedAddress(head, config.xffNumTrustedHops - 1) ?? remote;
    if (!config.skipXffAppend) appendForwardedFor(head, origin);
    if (config.xffNumTrustedHops === 0) head.remove(X_FORWARDED_PROTO);
  } else if (head.has(X_FORWARDED_FOR)) {
    remote = trustedAddress(head, config.xffNumTrustedHops) ?? remote;
  }
  setForwardedProto(head);
  // Each costs one look at an empty slot: people's requests hold none of them.
  head.remove(X_ENVOY_INTERNAL);
  for (const name of INTERNAL_ONLY) head.remove(name);
  if (config.useRemoteAddress) for (const name of EDGE_ONLY) head.remove(name);
  // What a TLS peer was certified as is for the proxy that ended the TLS to say; over plain text nobody may.
  if (config.clientCertHeader === "sanitize") head.remove(X_FORWARDED_CLIENT_CERT);
  if (manager.via !== undefined) appendVia(head, manager.via);
  if (config.useRemoteAddress) head.set(X_ENVOY_EXTERNAL_ADDRESS, remote.host);
  setRequestId(head, manager);
  return remote;
}

/** Takes the port off the host; with `port`, only if it is that one. */
function stripPort(head: RequestHead, port: number | undefined): void {
  const { authorityBytes: bytes, authorityStart: start, authorityEnd: end } = head;
  const hostEnd = endOfHost(bytes, start, end);
  if (hostEnd === -1 || hostEnd === end || head.method === "CONNECT") return;
  if (port !== undefined && Number(latin1(bytes, hostEnd + 1, end)) !== port) return;
  head.setAuthorityRange(bytes, start, hostEnd);
}

function setForwardedProto(head: RequestHead): void {
  const index = head.find(X_FORWARDED_PROTO);
  if (index !== -1) {
    if (SCHEMES.has(head.valueAt(index).toLowerCase())) return;
    head.remove(X_FORWARDED_PROTO);
  }
  head.append(X_FORWARDED_PROTO, HTTP_SCHEME);
}

function setRequestId(head: RequestHead, manager: HeadPreparation): void {
  const { config } = manager;
  if (!config.generateRequestId) return;
  if (head.has(X_REQUEST_ID)) {
    const isForeign = config.useRemoteAddress && !config.preserveExternalRequestId;
    if (!isForeign) return;
    head.remove(X_REQUEST_ID);
  }
  writeRequestId(manager.services.dispatcher.random, idScratch);
  head.append(X_REQUEST_ID, idScratch);
}

/** Our immediate peer, or, for programs on this machine, the address that it reached us at: what a server afar can use. */
function appendForwardedFor(head: RequestHead, origin: Origin): void {
  const { remoteAddress, localAddress } = origin;
  const isLoopback = remoteAddress.host === "::1" || remoteAddress.host.startsWith("127.");
  const address = isLoopback ? localAddress.host : remoteAddress.host;
  const before = head.value(X_FORWARDED_FOR);
  head.set(X_FORWARDED_FOR, before === undefined ? address : `${before},${address}`);
}

/** To what proxies before us said. */
export function appendVia(head: HeaderBlock, via: Uint8Array): void {
  const before = head.value(VIA);
  if (before === undefined) head.append(VIA, via);
  else head.set(VIA, `${before}, ${latin1(via, 0, via.length)}`);
}

/** The address in x-forwarded-for with `hopsBehind` further ones to its right, which trusted proxies added; undefined when there is none. */
function trustedAddress(head: RequestHead, hopsBehind: number): SocketAddress | undefined {
  if (hopsBehind < 0) return undefined;
  const parts = (head.value(X_FORWARDED_FOR) ?? "").split(",");
  const text = parts[parts.length - 1 - hopsBehind]?.trim() ?? "";
  return /^[0-9.]{7,15}$|^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text)
    ? { host: text, port: 0 }
    : undefined;
}
