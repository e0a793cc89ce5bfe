// The connection to the management server.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  connected_state: "gauge",
  pending_requests: "gauge",
  rate_limit_enforced: "counter",
} as const;

/** `control_plane.*`; the server's name is the text `control_plane.identifier`. */
export const CONTROL_PLANE: StatsSchema<"controlPlane", keyof typeof STATS> = defineStats(
  "controlPlane",
  STATS,
);
