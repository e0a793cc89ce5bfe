// Codes of access logs in plain words: what usually causes them, and what to run next. What a flag means is the proxy's own table.
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";

export interface ExplainedCode {
  readonly code: string;
  readonly meaning: string;
  /** The likeliest first. */
  readonly causes: readonly string[];
  /** Commands to run, and what they tell. */
  readonly next: readonly string[];
}

interface Advice {
  readonly causes: readonly string[];
  readonly next: readonly string[];
}

const WHY = "sampan why METHOD URL --from WORKLOAD";
const ENDPOINTS = "sampan proxy-config endpoint WORKLOAD   hosts with their health";
const CLUSTERS = "sampan proxy-config cluster WORKLOAD    what the proxy knows";
const TAP = "sampan tap --from WORKLOAD              requests as they go by";

/** For the flags that a mesh meets; others have their meaning only. */
const OF_FLAGS: Readonly<Record<string, Advice>> = {
  UH: {
    causes: [
      "every host is unhealthy or ejected, and panic is off (as Istio sets it)",
      "the service or subset has no instance: labels of a DestinationRule match nobody",
      "the host name is unknown, so that the request fell to PassthroughCluster",
    ],
    next: [WHY, ENDPOINTS],
  },
  UF: {
    causes: [
      "the program does not listen on its port, or only on another address",
      "the instance died a moment ago and is still listed",
      "connecting took longer than connectTimeout",
    ],
    next: [ENDPOINTS, "sampan logs WORKLOAD                    what the program said"],
  },
  UC: {
    causes: [
      "the program closed an idle connection as the request came: its keep-alive is shorter than the proxy's idleTimeout",
      "the program crashed on this request",
    ],
    next: ["sampan logs WORKLOAD                    what the program said", TAP],
  },
  UO: {
    causes: [
      "maxConnections, http1MaxPendingRequests, http2MaxRequests or maxRetries of a DestinationRule is used up",
    ],
    next: [WHY, "sampan stats WORKLOAD --filter 'circuit_breakers|overflow'"],
  },
  UT: {
    causes: [
      "the program answers more slowly than the route's timeout, or perTryTimeout",
      "a fault delays the request further down",
    ],
    next: [WHY, "sampan top                              latency by service"],
  },
  URX: {
    causes: ["every attempt failed: the other flag beside this one, or the status, says how"],
    next: [WHY, TAP],
  },
  UR: { causes: ["the program gave the request up"], next: [TAP] },
  NR: {
    causes: [
      "no virtual host is for this Host: name or port mistyped, or the gateway does not list it",
      "no route of the virtual host matches path, headers or method",
    ],
    next: [WHY, "sampan proxy-config route WORKLOAD"],
  },
  NC: {
    causes: [
      "a VirtualService names a subset that no DestinationRule defines",
      "a VirtualService names a host or port that no service has",
    ],
    next: ["sampan analyze DIR", WHY, CLUSTERS],
  },
  FI: { causes: ["the fault of a VirtualService, on purpose"], next: [WHY] },
  DI: { causes: ["the fault of a VirtualService, on purpose"], next: [WHY] },
  DC: {
    causes: [
      "the client gave up: its own timeout is shorter than the answer took, or it was stopped",
    ],
    next: ["sampan top                              latency by service"],
  },
  DPE: {
    causes: ["the client does not speak HTTP/1.1 here: TLS or HTTP/2 to a plain port"],
    next: [TAP],
  },
  UPE: {
    causes: ["the program does not speak HTTP/1.1: the port's protocol is declared wrongly"],
    next: ["sampan describe service NAME            protocols of its ports"],
  },
  SI: { causes: ["a stream without traffic for longer than stream_idle_timeout"], next: [WHY] },
  DF: {
    causes: ["the name of a ServiceEntry with resolution DNS cannot be resolved"],
    next: [ENDPOINTS],
  },
};

/** %RESPONSE_CODE_DETAILS% */
const DETAILS: Readonly<Record<string, Advice & { readonly meaning: string }>> = {
  via_upstream: {
    meaning: "The upstream answered: the status is the program's own, not the mesh's.",
    causes: ["whatever made the program answer so"],
    next: ["sampan logs WORKLOAD                    what the program said"],
  },
  route_not_found: { meaning: "No virtual host or route matches the request.", ...advice("NR") },
  cluster_not_found: { meaning: "The route's cluster does not exist.", ...advice("NC") },
  no_healthy_upstream: { meaning: "The cluster has no host that may be used.", ...advice("UH") },
  response_timeout: { meaning: "The route's timeout is over.", ...advice("UT") },
  upstream_per_try_timeout: {
    meaning: "One attempt took longer than perTryTimeout, and there was none left.",
    ...advice("UT"),
  },
  fault_filter_abort: { meaning: "The fault filter answered on purpose.", ...advice("FI") },
  direct_response: {
    meaning: "The route itself answered: directResponse or redirect of a VirtualService.",
    causes: ["the configuration says so"],
    next: [WHY],
  },
  upgrade_failed: {
    meaning: "The client asked for another protocol (Upgrade) than the route lets through.",
    causes: ["only websocket is let through"],
    next: [WHY],
  },
  stream_idle_timeout: { meaning: "Nothing moved on the stream.", ...advice("SI") },
  path_normalization_failed: {
    meaning: "The path cannot be made comparable: it holds an escaped NUL, or a fragment.",
    causes: ["a client that does not encode its URL"],
    next: [TAP],
  },
  missing_host_header: {
    meaning: "The request has no Host.",
    causes: ["a client that speaks HTTP/1.0, or writes requests by hand"],
    next: [TAP],
  },
};

function advice(flag: string): Advice {
  return OF_FLAGS[flag] ?? { causes: [], next: [WHY] };
}

/** A status alone says less: flags that come with it. */
const OF_STATUS: Readonly<
  Record<string, { readonly meaning: string; readonly flags: readonly string[] }>
> = {
  "404": { meaning: "Not found: by the program, or because no route matches (NR).", flags: ["NR"] },
  "408": {
    meaning: "The client did not finish its request, or the stream was idle (SI).",
    flags: ["SI"],
  },
  "500": { meaning: "An error of the program, or a fault on purpose (FI).", flags: ["FI"] },
  "502": { meaning: "The upstream's bytes are not valid HTTP (UPE).", flags: ["UPE"] },
  "503": {
    meaning:
      "Unavailable: the flag beside it in the access log says why: UH, UF, UC, UO, NC; none: by the program.",
    flags: ["UH", "UF", "UC", "UO", "NC"],
  },
  "504": { meaning: "The upstream did not answer in time (UT).", flags: ["UT"] },
};

/** Every code that is known, for hints and completion. */
export const KNOWN_CODES: readonly string[] = [
  ...RESPONSE_FLAGS.map(({ short }) => short),
  ...Object.keys(DETAILS),
  ...Object.keys(OF_STATUS),
];

/** A flag ("UF", long names too), a detail ("via_upstream"), or a status ("503"), in any case; undefined: unknown. */
export function explainCode(text: string): ExplainedCode | undefined {
  const wanted = text.toLowerCase();
  const flag = RESPONSE_FLAGS.find(
    ({ short, long }) => short.toLowerCase() === wanted || long.toLowerCase() === wanted,
  );
  if (flag !== undefined) {
    const { short, long, meaning } = flag;
    return { code: `${short} (${long})`, meaning, ...advice(short) };
  }
  const detail = Object.hasOwn(DETAILS, wanted) ? DETAILS[wanted] : undefined;
  if (detail !== undefined) return { code: wanted, ...detail };
  const status = Object.hasOwn(OF_STATUS, wanted) ? OF_STATUS[wanted] : undefined;
  if (status === undefined) return undefined;
  const causes = status.flags.flatMap((short) =>
    advice(short).causes.map((cause) => `${short}: ${cause}`),
  );
  const next = [...new Set(status.flags.flatMap((short) => advice(short).next))];
  return { code: wanted, meaning: status.meaning, causes, next };
}
