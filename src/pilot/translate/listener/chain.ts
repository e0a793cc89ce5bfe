// One filter chain of a listener before it is an Envoy message: what it matches, and the filter that serves it.
import { create } from "@bufbuild/protobuf";
import { type CidrRange, CidrRangeSchema } from "#api/envoy/config/core/v3/address_pb.ts";
import type { TransportSocket } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type Filter,
  type FilterChain,
  type FilterChainMatch,
  FilterChainMatchSchema,
  FilterChainSchema,
} from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import type { ConfigObject } from "../../model/object.ts";
import { duration, provenance } from "../messages.ts";

export interface Chain {
  readonly name: string;
  /** Server names of the TLS hello; empty or with "*": any. */
  readonly sniHosts: readonly string[];
  /** Destination addresses, "10.0.0.0/8" or plain; empty: any. */
  readonly cidrs: readonly string[];
  /** Port that an intercepted connection was meant for. */
  readonly destinationPort: number | undefined;
  /** Only connections that the HTTP inspector finds to be plain HTTP. */
  readonly onlyHttp: boolean;
  readonly filter: Filter;
  /** The object that asked for it, if it is not simply there for a service. */
  readonly object: ConfigObject | undefined;
  readonly transportSocket: TransportSocket | undefined;
}

export function chain(filter: Filter, rest: Partial<Chain> = {}): Chain {
  return {
    name: "",
    sniHosts: [],
    cidrs: [],
    destinationPort: undefined,
    onlyHttp: false,
    object: undefined,
    transportSocket: undefined,
    ...rest,
    filter,
  };
}

/** What the HTTP inspector sets; HTTP/1.0 is not served, so it passes as plain TCP. */
const PLAIN_HTTP = ["http/1.1", "h2c"];

export function matchesEverything(candidate: Chain): boolean {
  return (
    !candidate.onlyHttp &&
    candidate.destinationPort === undefined &&
    candidate.cidrs.length === 0 &&
    serverNames(candidate).length === 0
  );
}

/** Equal keys: Envoy would refuse both in one listener. */
export function matchKey(candidate: Chain): string {
  const { onlyHttp, destinationPort, cidrs } = candidate;
  return JSON.stringify([
    onlyHttp,
    destinationPort ?? 0,
    [...cidrs].sort(),
    serverNames(candidate),
  ]);
}

function serverNames({ sniHosts }: Chain): readonly string[] {
  return sniHosts.includes("*") ? [] : [...new Set(sniHosts)].sort();
}

/** A handshake that takes longer only holds memory (Istio's value). */
const TLS_HANDSHAKE_TIMEOUT = duration(15_000);

export function filterChain(candidate: Chain): FilterChain {
  const { name, filter, object, transportSocket } = candidate;
  return create(FilterChainSchema, {
    name,
    filterChainMatch: filterChainMatch(candidate),
    filters: [filter],
    metadata: object === undefined ? undefined : provenance(object),
    transportSocket,
    transportSocketConnectTimeout:
      transportSocket === undefined ? undefined : TLS_HANDSHAKE_TIMEOUT,
  });
}

function filterChainMatch(candidate: Chain): FilterChainMatch | undefined {
  if (matchesEverything(candidate)) return undefined;
  const { onlyHttp, destinationPort, cidrs } = candidate;
  return create(FilterChainMatchSchema, {
    destinationPort,
    serverNames: [...serverNames(candidate)],
    prefixRanges: [...cidrs].sort().map(cidrRange),
    transportProtocol: onlyHttp ? "raw_buffer" : "",
    applicationProtocols: onlyHttp ? PLAIN_HTTP : [],
  });
}

function cidrRange(text: string): CidrRange {
  const slash = text.indexOf("/");
  const addressPrefix = slash === -1 ? text : text.slice(0, slash);
  const full = addressPrefix.includes(":") ? 128 : 32;
  const prefixLen = slash === -1 ? full : Number(text.slice(slash + 1));
  return create(CidrRangeSchema, { addressPrefix, prefixLen });
}
