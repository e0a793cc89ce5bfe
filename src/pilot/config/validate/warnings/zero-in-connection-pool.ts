// Istio cannot tell 0 from unset in these fields and takes it for unset, which is no limit: the opposite of what 0 says.
import type { FieldPath } from "#base/field-path.ts";
import type { Field } from "../field.ts";
import type { Warning } from "./warning.ts";

const LIMITS = new Set([
  "maxConnections",
  "http1MaxPendingRequests",
  "http2MaxRequests",
  "maxRequestsPerConnection",
  "maxRetries",
  "maxConcurrentStreams",
]);

export const ZERO_IN_CONNECTION_POOL: Warning<"DestinationRule"> = {
  name: "zero-in-connection-pool",
  check(_spec, field, raw) {
    for (const path of zeros(raw, [])) warnOf(field, path);
  },
};

export const ZERO_IN_SIDECAR_POOL: Warning<"Sidecar"> = {
  name: "zero-in-connection-pool",
  check(_spec, field, raw) {
    for (const path of zeros(raw, [])) warnOf(field, path);
  },
};

function warnOf(field: Field, path: FieldPath): void {
  const at = field.at(...path);
  if (path.at(-1) === "maxRetries")
    at.warn(
      "0 counts as unset, which is no limit; set retries.attempts: 0 in a VirtualService to switch retries off",
    );
  else at.warn("0 counts as unset, which is no limit; the least limit is 1");
}

/** Paths of limits that are written as 0, anywhere below a connectionPool. */
function* zeros(value: unknown, path: FieldPath): Generator<FieldPath> {
  if (typeof value !== "object" || value === null) return;
  const isPool = path.some((step) => step === "connectionPool" || step === "inboundConnectionPool");
  for (const [name, child] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    if (isPool && child === 0 && LIMITS.has(name)) yield at;
    else yield* zeros(child, at);
  }
}
