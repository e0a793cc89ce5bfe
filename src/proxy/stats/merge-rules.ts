// What becomes of the same statistic of several workers: a sum, but for those that all workers have alike.
import type { StatsTable } from "./define-stats.ts";
import { isUsed } from "./stat-block.ts";

/**
 * "main": what worker 0 says. Every worker follows its configuration, and the change of a configuration is one change, as in
 * Envoy, where the main thread counts it. "min", "max": states that workers come to on their own.
 */
export type MergeRule = "sum" | "main" | "min" | "max";

interface GroupRules {
  /** For what is not in `except`. */
  readonly rule: MergeRule;
  readonly except: Readonly<Record<string, MergeRule>>;
}

const SUM: GroupRules = { rule: "sum", except: {} };

/** By group; a group that is not here is summed. */
export const MERGE_RULES: Readonly<Record<string, GroupRules>> = {
  clusterManager: { rule: "main", except: { warming_clusters: "max" } },
  listenerManager: {
    rule: "main",
    except: {
      // By worker in Envoy too: a listener of two workers is created twice.
      listener_create_failure: "sum",
      listener_create_success: "sum",
      total_filter_chains_draining: "max",
      total_listeners_draining: "max",
    },
  },
  cluster: {
    rule: "sum",
    except: {
      assignment_stale: "main",
      assignment_timeout_received: "main",
      assignment_use_cached: "main",
      "default.total_match_count": "main",
      lb_recalculate_zone_structures: "main",
      lb_subsets_active: "main",
      lb_subsets_created: "main",
      lb_subsets_removed: "main",
      max_host_weight: "main",
      membership_change: "main",
      membership_degraded: "max",
      membership_excluded: "max",
      // A host that one worker has ejected is not healthy.
      membership_healthy: "min",
      membership_total: "main",
      update_attempt: "main",
      update_empty: "main",
      update_failure: "main",
      update_no_rebuild: "main",
      update_success: "main",
      version: "main",
      warming_state: "max",
    },
  },
  circuitBreaker: { rule: "max", except: {} },
  circuitBreakerRemaining: { rule: "min", except: {} },
  outlierDetection: { rule: "sum", except: { ejections_active: "max" } },
};

/** One table a group and report, however many blocks it has. */
const BY_TABLE = new WeakMap<StatsTable, readonly MergeRule[]>();

/** For each of the table's names, in its order. */
export function mergeRules(table: StatsTable): readonly MergeRule[] {
  const known = BY_TABLE.get(table);
  if (known !== undefined) return known;
  const { rule, except } = MERGE_RULES[table.group] ?? SUM;
  const rules = table.names.map((name) => except[name] ?? rule);
  BY_TABLE.set(table, rules);
  return rules;
}

/** `added` is not worker 0's. -0 on either side means never written, and then the other's counts. */
export function mergeValue(rule: MergeRule, value: number, added: number): number {
  switch (rule) {
    case "sum":
      return value + added;
    case "main":
      return value;
    case "min":
      return !isUsed(value) ? added : !isUsed(added) ? value : Math.min(value, added);
    case "max":
      return !isUsed(value) ? added : !isUsed(added) ? value : Math.max(value, added);
  }
}
