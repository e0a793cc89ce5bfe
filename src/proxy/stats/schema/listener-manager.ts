// Listeners as a whole.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  listener_added: "counter",
  listener_create_failure: "counter",
  listener_create_success: "counter",
  listener_in_place_updated: "counter",
  listener_modified: "counter",
  listener_removed: "counter",
  listener_stopped: "counter",
  total_filter_chains_draining: "gauge",
  total_listeners_active: "gauge",
  total_listeners_draining: "gauge",
  total_listeners_warming: "gauge",
  workers_pinned: "gauge",
  workers_started: "gauge",
} as const;

/** `listener_manager.*` */
export const LISTENER_MANAGER: StatsSchema<"listenerManager", keyof typeof STATS> = defineStats(
  "listenerManager",
  STATS,
);
