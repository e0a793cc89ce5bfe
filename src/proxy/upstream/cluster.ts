// A cluster at run time: its hosts, who of them is next, and the rules that protect them.
import type { ClusterConfig } from "../config/cluster-config.ts";
import type { Histogram } from "../stats/histogram.ts";
import type { ResponseCodeStats } from "../stats/response-code-stats.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { CircuitBreaker, Priority } from "./circuit-breaker.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import type { Host } from "./host.ts";
import type { OutlierDetector } from "./outlier-detector.ts";
import type { PickContext } from "./pick-context.ts";

export declare class Cluster {
  readonly info: ClusterInfo;
  readonly name: string;
  readonly config: ClusterConfig;
  readonly stats: StatBlock<"cluster">;
  readonly codes: ResponseCodeStats;
  readonly requestTime: Histogram;
  /** Present when the cluster has outlier detection: report what became of each request. */
  readonly outlier: OutlierDetector | undefined;
  get isWarm(): boolean;
  /** All hosts, of every priority, in order. */
  get hosts(): readonly Host[];
  /** The host for one request or connection; undefined counts `upstream_cx_none_healthy` (503, UH). Hot path. */
  pick(context: PickContext): Host | undefined;
  breaker(priority: Priority): CircuitBreaker;
}
