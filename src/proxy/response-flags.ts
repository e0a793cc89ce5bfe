// Envoy's response flags: why a response is not what the upstream would have said. One table; masks, names and text from it.

/** In Envoy's enum order. `long` is what RESPONSE_FLAGS_LONG prints. */
export const RESPONSE_FLAGS = [
  {
    short: "LH",
    long: "FailedLocalHealthCheck",
    meaning: "The local service failed its health check request.",
  },
  {
    short: "UH",
    long: "NoHealthyUpstream",
    meaning: "No healthy host in the upstream cluster; sent with 503.",
  },
  {
    short: "UT",
    long: "UpstreamRequestTimeout",
    meaning: "The upstream did not answer in time; sent with 504.",
  },
  { short: "LR", long: "LocalReset", meaning: "The connection was reset by this proxy." },
  { short: "UR", long: "UpstreamRemoteReset", meaning: "The upstream reset the stream." },
  {
    short: "UF",
    long: "UpstreamConnectionFailure",
    meaning: "No connection to the upstream could be made; sent with 503.",
  },
  {
    short: "UC",
    long: "UpstreamConnectionTermination",
    meaning: "The upstream closed the connection before it answered; sent with 503.",
  },
  {
    short: "UO",
    long: "UpstreamOverflow",
    meaning: "A circuit breaker's limit was reached; sent with 503.",
  },
  {
    short: "NR",
    long: "NoRouteFound",
    meaning: "No route (404) or no filter chain matched.",
  },
  { short: "DI", long: "DelayInjected", meaning: "The fault filter delayed the request." },
  { short: "FI", long: "FaultInjected", meaning: "The fault filter aborted the request." },
  { short: "RL", long: "RateLimited", meaning: "Rate limited; sent with 429." },
  {
    short: "UAEX",
    long: "UnauthorizedExternalService",
    meaning: "The external authorization service denied the request.",
  },
  {
    short: "RLSE",
    long: "RateLimitServiceError",
    meaning: "The rate limit service failed, and failing means refusing.",
  },
  {
    short: "DC",
    long: "DownstreamConnectionTermination",
    meaning: "The client closed the connection before it had its answer.",
  },
  {
    short: "URX",
    long: "UpstreamRetryLimitExceeded",
    meaning: "All retries (HTTP) or connection attempts (TCP) were used up.",
  },
  {
    short: "SI",
    long: "StreamIdleTimeout",
    meaning: "Nothing moved on the stream; sent with 408 or 504.",
  },
  {
    short: "IH",
    long: "InvalidEnvoyRequestHeaders",
    meaning: "A strictly checked x-envoy-* header has an invalid value; sent with 400.",
  },
  {
    short: "DPE",
    long: "DownstreamProtocolError",
    meaning: "The client's bytes are not valid HTTP.",
  },
  {
    short: "UMSDR",
    long: "UpstreamMaxStreamDurationReached",
    meaning: "The upstream request lasted longer than max_stream_duration.",
  },
  {
    short: "RFCF",
    long: "ResponseFromCacheFilter",
    meaning: "The response came from a cache filter.",
  },
  {
    short: "NFCF",
    long: "NoFilterConfigFound",
    meaning: "A filter's configuration did not come in time.",
  },
  {
    short: "DT",
    long: "DurationTimeout",
    meaning:
      "The request or connection lasted longer than max_connection_duration or max_downstream_connection_duration.",
  },
  {
    short: "UPE",
    long: "UpstreamProtocolError",
    meaning: "The upstream's bytes are not valid HTTP; sent with 502.",
  },
  {
    short: "NC",
    long: "NoClusterFound",
    meaning: "The route's cluster does not exist; sent with 503 unless the route says otherwise.",
  },
  {
    short: "OM",
    long: "OverloadManagerTerminated",
    meaning: "The overload manager ended the request.",
  },
  {
    short: "DF",
    long: "DnsResolutionFailed",
    meaning: "The upstream's name could not be resolved.",
  },
  { short: "DO", long: "DropOverload", meaning: "Dropped by the cluster's drop_overload." },
  { short: "DR", long: "DownstreamRemoteReset", meaning: "The client reset the stream." },
  {
    short: "UDO",
    long: "UnconditionalDropOverload",
    meaning: "Dropped since drop_overload is set to all.",
  },
] as const;

/** A flag's short name: "UH", "UC", … */
export type FlagName = (typeof RESPONSE_FLAGS)[number]["short"];

/** A digit for each flag, by short name; 0 is no flag. */
export const FLAG: Readonly<Record<FlagName, number>> = Object.fromEntries(
  RESPONSE_FLAGS.map((row, index) => [row.short, index + 1]),
) as Record<FlagName, number>;

/** There are fewer flags, so that a digit holds one; and a number holds ten digits, more than one request can gather. */
const BASE = 32;

/** `flags` and `flag`, unless it is there already. Envoy prints flags in the order in which they were raised: "URX,UC", but "UF,URX". */
export function withFlag(flags: number, flag: number): number {
  for (let rest = flags; rest > 0; rest = Math.floor(rest / BASE)) {
    if (rest % BASE === flag) return flags;
  }
  return flags * BASE + flag;
}

/** Flags seen so far and their text: few combinations occur, and a log line must not build strings. */
const shortTexts = new Map<number, string>([[0, "-"]]);
const longTexts = new Map<number, string>([[0, "-"]]);

/** `%RESPONSE_FLAGS%`: "UF,URX", or "-" when there is none. */
export function formatFlags(flags: number): string {
  return shortTexts.get(flags) ?? remember(shortTexts, flags, "short");
}

/** `%RESPONSE_FLAGS_LONG%`: "UpstreamConnectionFailure,UpstreamRetryLimitExceeded", or "-". */
export function formatFlagsLong(flags: number): string {
  return longTexts.get(flags) ?? remember(longTexts, flags, "long");
}

function remember(texts: Map<number, string>, flags: number, form: "short" | "long"): string {
  const names: string[] = [];
  for (let rest = flags; rest > 0; rest = Math.floor(rest / BASE)) {
    names.unshift(RESPONSE_FLAGS[(rest % BASE) - 1]?.[form] ?? "");
  }
  const text = names.join(",");
  texts.set(flags, text);
  return text;
}
