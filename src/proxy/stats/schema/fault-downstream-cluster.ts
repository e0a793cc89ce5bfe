// The fault filter's counters for one downstream cluster; each is listed only once it has counted, so each stands alone.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const ABORTS = { aborts_injected: "counter" } as const;
const DELAYS = { delays_injected: "counter" } as const;

/** `http.<stat_prefix>.fault.<downstream cluster>.*` */
export const FAULT_ABORTS: StatsSchema<"faultAborts", keyof typeof ABORTS> = defineStats(
  "faultAborts",
  ABORTS,
);

/** `http.<stat_prefix>.fault.<downstream cluster>.*` */
export const FAULT_DELAYS: StatsSchema<"faultDelays", keyof typeof DELAYS> = defineStats(
  "faultDelays",
  DELAYS,
);
