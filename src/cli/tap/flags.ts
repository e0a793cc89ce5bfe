// Why a response is not what the upstream would have said: the proxy's flags in plain words, or, where it tells none (Envoy's tap
// has no place for them), what its own reply shows.
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";
import { headerValue, type Trace } from "./trace.ts";

export interface Flags {
  /** Envoy's short names; empty when all went well. */
  readonly names: readonly string[];
  /** They are drawn from the reply's form, and may be wrong. */
  readonly isInferred: boolean;
}

export function flagsOf(trace: Trace): Flags {
  const { details } = trace;
  if (details !== undefined) {
    const { responseFlags } = details;
    const names = responseFlags === "" || responseFlags === "-" ? [] : responseFlags.split(",");
    return { names, isInferred: false };
  }
  const inferred = inferFlag(trace);
  return { names: inferred === undefined ? [] : [inferred], isInferred: inferred !== undefined };
}

/** A sentence for each flag. */
export function explainFlags({ names, isInferred }: Flags): string {
  const sentences = names.map((name) => {
    const row = RESPONSE_FLAGS.find(({ short }) => short === name);
    return row === undefined ? `Unknown flag ${name}.` : row.meaning;
  });
  return `${isInferred ? "Probably: " : ""}${sentences.join(" ")}`;
}

/** Lengths of the texts that Envoy answers with by itself: "no healthy upstream", "fault filter abort". */
const NO_HEALTHY_UPSTREAM_BYTES = "19";
const FAULT_ABORT_BYTES = "18";

function inferFlag({ responseHeaders, upstreamRemote }: Trace): string | undefined {
  if (responseHeaders === undefined) return "DC";
  const status = headerValue(responseHeaders, ":status");
  // Only a response that came from upstream says how long that took.
  if (headerValue(responseHeaders, "x-envoy-upstream-service-time") !== undefined) return undefined;
  const length = headerValue(responseHeaders, "content-length");
  if (upstreamRemote === undefined && length === FAULT_ABORT_BYTES) return "FI";
  switch (status) {
    case "404":
      return upstreamRemote === undefined && length === undefined ? "NR" : undefined;
    case "429":
      return headerValue(responseHeaders, "x-envoy-ratelimited") === undefined ? undefined : "RL";
    case "503":
      if (headerValue(responseHeaders, "x-envoy-overloaded") !== undefined) return "UO";
      if (upstreamRemote !== undefined) return "UC";
      return length === NO_HEALTHY_UPSTREAM_BYTES ? "UH" : "UF";
    case "504":
      return "UT";
    default:
      return undefined;
  }
}
