// Codes of findings: Istio's where it has one for the same thing (its configuration analysis messages), ours where it has none.

export type Level = "Error" | "Warning" | "Info";

export interface Code {
  /** "IST0101"; ours begin with SMP. */
  readonly code: string;
  readonly level: Level;
  /** Istio's name, or ours. */
  readonly name: string;
  readonly description: string;
}

/** From grave to slight. */
export const LEVELS: readonly Level[] = ["Error", "Warning", "Info"];

export const isAtLeast = (level: Level, threshold: Level): boolean =>
  LEVELS.indexOf(level) <= LEVELS.indexOf(threshold);

const code = (id: string, level: Level, name: string, description: string): Code => ({
  code: id,
  level,
  name,
  description,
});

const NOT_FOUND = code(
  "IST0101",
  "Error",
  "ReferencedResourceNotFound",
  "a host, subset, port or gateway that is named does not exist",
);

/** Rule (src/pilot/config/analyze and validate/warnings) -> code. */
const CODES: Readonly<Record<string, Code>> = {
  "unknown-destination": NOT_FOUND,
  "undefined-subset": NOT_FOUND,
  "unknown-gateway": NOT_FOUND,
  "shadowed-virtual-service": code(
    "IST0109",
    "Error",
    "ConflictingMeshGatewayVirtualServiceHosts",
    "two VirtualServices for one host: sidecars use the older",
  ),
  "second-default-sidecar": code(
    "IST0111",
    "Error",
    "MultipleSidecarsWithoutWorkloadSelectors",
    "two Sidecars for all workloads of a namespace",
  ),
  "port-not-selected": code(
    "IST0112",
    "Warning",
    "VirtualServiceDestinationPortSelectorRequired",
    "a destination names no port of a service with several",
  ),
  "no-server-verification": code(
    "IST0128",
    "Warning",
    "NoServerCertificateVerificationDestinationLevel",
    "TLS without an authority that vouches for the server",
  ),
  "unreachable-route": code(
    "IST0130",
    "Warning",
    "VirtualServiceUnreachableRule",
    "a route that no request reaches",
  ),
  "host-not-in-gateway": code(
    "IST0132",
    "Warning",
    "VirtualServiceHostNotFoundInGateway",
    "no server of the gateway takes the host",
  ),
  "conflicting-gateways": code(
    "IST0145",
    "Error",
    "ConflictingGateways",
    "two Gateways with a server for one host and port",
  ),
  "subset-without-endpoints": code(
    "IST0173",
    "Error",
    "DestinationRuleSubsetNotSelectPods",
    "no instance has the labels of a subset",
  ),
  "rule-for-unknown-host": code(
    "IST0174",
    "Warning",
    "UnknownDestinationRuleHost",
    "a DestinationRule for a host that nobody serves",
  ),
  "unknown-host": code(
    "SMP0001",
    "Warning",
    "UnknownVirtualServiceHost",
    "a VirtualService for a host that nobody serves",
  ),
  "fault-without-percentage": code(
    "SMP0002",
    "Warning",
    "FaultNeverStrikes",
    "a fault without a percentage",
  ),
  "zero-in-connection-pool": code(
    "SMP0003",
    "Warning",
    "ZeroMeansNoLimit",
    "a limit of 0, which counts as unset",
  ),
  "zero-weight": code(
    "SMP0004",
    "Warning",
    "DestinationWithoutTraffic",
    "a destination of weight 0 among others",
  ),
};

const INVALID = code(
  "IST0106",
  "Error",
  "SchemaValidationError",
  "an object that is not valid, or a file that cannot be read",
);
const DOUBTFUL = code(
  "IST0133",
  "Warning",
  "SchemaWarning",
  "something that is allowed and does not do what it seems to",
);

export function codeOf(rule: string | undefined, severity: "error" | "warning"): Code {
  const known = rule !== undefined && Object.hasOwn(CODES, rule) ? CODES[rule] : undefined;
  return known ?? (severity === "error" ? INVALID : DOUBTFUL);
}

/** Every code once, in order. */
export const ALL_CODES: readonly Code[] = [
  ...new Map(
    [...Object.values(CODES), INVALID, DOUBTFUL].map((each) => [each.code, each]),
  ).values(),
].sort((a, b) => (a.code < b.code ? -1 : 1));
