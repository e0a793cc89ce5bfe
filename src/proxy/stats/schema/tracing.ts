// Trace decisions of a connection manager, listed as Envoy does also when nothing is traced.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  client_enabled: "counter",
  health_check: "counter",
  not_traceable: "counter",
  random_sampling: "counter",
  service_forced: "counter",
} as const;

/** `http.<stat_prefix>.tracing.*` */
export const TRACING: StatsSchema<"tracing", keyof typeof STATS> = defineStats("tracing", STATS);
