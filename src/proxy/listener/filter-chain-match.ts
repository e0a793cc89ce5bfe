// Which filter chain serves a connection (envoy.config.listener.v3.FilterChainMatch): criteria one after another, the most
// specific value of each first, and no way back once a criterion has decided.
import { isInBlock, parseIp } from "#base/ip-address.ts";
import type { SocketAddress } from "#base/net.ts";
import type { FilterChainMatch } from "../config/listener-config.ts";

/** What is known of a connection when its chain is chosen. */
export interface ChainFacts {
  /** Where the client meant to go. */
  readonly destination: SocketAddress;
  /** From the TLS inspector; undefined when the bytes are no TLS or name no server. Lower-case. */
  readonly serverName: string | undefined;
  readonly transportProtocol: "raw_buffer" | "tls";
  /** "http/1.1" and so on, from the inspectors; empty when none looked. */
  readonly applicationProtocols: readonly string[];
}

/** How specifically a match names the value of one criterion: 0 does not care, undefined excludes the connection. */
type Criterion = (match: FilterChainMatch, facts: ChainFacts) => number | undefined;

const destinationPort: Criterion = (match, facts) => {
  if (match.destinationPort === undefined) return 0;
  return match.destinationPort === facts.destination.port ? 1 : undefined;
};

const prefixRanges: Criterion = (match, facts) => {
  if (match.prefixRanges.length === 0) return 0;
  const destination = parseIp(facts.destination.host);
  if (destination === undefined) return undefined;
  let best: number | undefined;
  for (const { address, length } of match.prefixRanges) {
    const block = parseIp(address);
    if (block === undefined || !isInBlock(destination, block, length)) continue;
    if (best === undefined || length >= best) best = length + 1;
  }
  return best;
};

/** Exact names before wildcards, longer wildcards before shorter ones. */
const serverNames: Criterion = (match, facts) => {
  if (match.serverNames.length === 0) return 0;
  const { serverName } = facts;
  if (serverName === undefined) return undefined;
  let best: number | undefined;
  for (const name of match.serverNames) {
    let specificity: number | undefined;
    if (name === serverName) specificity = Number.MAX_SAFE_INTEGER;
    else if (name.startsWith("*.") && serverName.endsWith(name.slice(1))) specificity = name.length;
    if (specificity !== undefined && (best === undefined || specificity > best)) best = specificity;
  }
  return best;
};

const transportProtocol: Criterion = (match, facts) => {
  if (match.transportProtocol === "") return 0;
  return match.transportProtocol === facts.transportProtocol ? 1 : undefined;
};

const applicationProtocols: Criterion = (match, facts) => {
  if (match.applicationProtocols.length === 0) return 0;
  const isNamed = match.applicationProtocols.some((name) =>
    facts.applicationProtocols.includes(name),
  );
  return isNamed ? 1 : undefined;
};

/** Envoy's order. */
const CRITERIA: readonly Criterion[] = [
  destinationPort,
  prefixRanges,
  serverNames,
  transportProtocol,
  applicationProtocols,
];

/** The chain for a connection; undefined when none matches. Of equal ones the first (Envoy refuses such configuration). */
export function findFilterChain<Chain extends { readonly match: FilterChainMatch }>(
  chains: readonly Chain[],
  facts: ChainFacts,
): Chain | undefined {
  let left = chains;
  for (const criterion of CRITERIA) {
    let best = 0;
    let chosen: Chain[] = [];
    for (const chain of left) {
      const specificity = criterion(chain.match, facts);
      if (specificity === undefined || specificity < best) continue;
      if (specificity > best) {
        best = specificity;
        chosen = [];
      }
      chosen.push(chain);
    }
    left = chosen;
  }
  return left[0];
}
