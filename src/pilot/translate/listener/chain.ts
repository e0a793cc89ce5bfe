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

/**
 * The chains of one listener without overlaps: Envoy refuses a listener in which two chains match the same server name at the
 * same network, so what is taken by an earlier chain is cut out of a later one, which goes when nothing is left of it.
 */
export function withoutOverlaps(chains: readonly Chain[]): readonly Chain[] {
  const taken = new Set<string>();
  return chains.flatMap((candidate) => {
    const left = notTaken(candidate, taken);
    if (left === undefined) return [];
    for (const key of matchKeys(left)) taken.add(key);
    return [left];
  });
}

function notTaken(candidate: Chain, taken: ReadonlySet<string>): Chain | undefined {
  const isFree = (part: Chain): boolean => matchKeys(part).every((key) => !taken.has(key));
  if (isFree(candidate)) return candidate;
  const names = serverNames(candidate);
  if (names.length > 0) {
    const sniHosts = names.filter((name) => isFree({ ...candidate, sniHosts: [name] }));
    return sniHosts.length === 0 ? undefined : { ...candidate, sniHosts };
  }
  const cidrs = candidate.cidrs.filter((cidr) => isFree({ ...candidate, cidrs: [cidr] }));
  return cidrs.length === 0 ? undefined : { ...candidate, cidrs };
}

/** One key for each combination of network and server name. */
function matchKeys(candidate: Chain): readonly string[] {
  const { onlyHttp, destinationPort, cidrs } = candidate;
  const networks = cidrs.length === 0 ? [""] : cidrs.map((cidr) => networkOf(cidr));
  const names = serverNames(candidate);
  return networks.flatMap((network) =>
    (names.length === 0 ? [""] : names).map((name) =>
      JSON.stringify([onlyHttp, destinationPort ?? 0, network, name]),
    ),
  );
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
    prefixRanges: [...new Set(cidrs.map(networkOf))].sort().map(cidrRange),
    transportProtocol: onlyHttp ? "raw_buffer" : "",
    applicationProtocols: onlyHttp ? PLAIN_HTTP : [],
  });
}

function cidrRange(text: string): CidrRange {
  const [addressPrefix = "", length = ""] = networkOf(text).split("/");
  return create(CidrRangeSchema, { addressPrefix, prefixLen: Number(length) });
}

/** "10.1.2.3/16" -> "10.1.0.0/16", "10.0.0.1" -> "10.0.0.1/32": the same network in the same words. */
export function networkOf(text: string): string {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  if (address.includes(":")) return (slash === -1 ? `${text}/128` : text).toLowerCase();
  const length = slash === -1 ? 32 : Number(text.slice(slash + 1));
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const network = number - (number % 2 ** (32 - length));
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${parts.join(".")}/${length}`;
}
