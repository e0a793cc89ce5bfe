// What one proxy has counted of its clusters, from /stats?format=json: the same page of ours and of Envoy, taken without trust.
import { type JsonObject, listOf, numberOf, objectOf } from "../client/json-values.ts";
import { LatencyBins } from "./latency-bins.ts";
import { MAX_BINS, MAX_CLUSTERS } from "./limits.ts";

/** Envoy's names behind `cluster.<name>.`. */
const COUNTERS = {
  completed: "upstream_rq_completed",
  failed: "upstream_rq_5xx",
  overflows: "upstream_rq_pending_overflow",
  retries: "upstream_rq_retry",
} as const;
const GAUGES = {
  pending: "upstream_rq_pending_active",
  ejected: "outlier_detection.ejections_active",
} as const;
const LATENCY = "upstream_rq_time";

type Counter = keyof typeof COUNTERS;
type Gauge = keyof typeof GAUGES;

export interface ClusterCounts {
  readonly counters: Record<Counter, number>;
  readonly gauges: Record<Gauge, number>;
  latency: LatencyBins;
}

export const noCounts = (): ClusterCounts => ({
  counters: { completed: 0, failed: 0, overflows: 0, retries: 0 },
  gauges: { pending: 0, ejected: 0 },
  latency: new LatencyBins(),
});

const FIELDS = new Map<string, readonly ["counter", Counter] | readonly ["gauge", Gauge]>([
  ...Object.entries(COUNTERS).map(
    ([key, name]) => [name, ["counter", key as Counter]] as [string, ["counter", Counter]],
  ),
  ...Object.entries(GAUGES).map(
    ([key, name]) => [name, ["gauge", key as Gauge]] as [string, ["gauge", Gauge]],
  ),
]);

const STATS = [...FIELDS.keys(), LATENCY].map((name) => name.replaceAll(".", "\\."));
/** Clusters of a mesh, as Istio names them. */
const STAT = new RegExp(
  `^cluster\\.((?:outbound|inbound)\\|.*\\|[^|]*|PassthroughCluster)\\.(${STATS.join("|")})$`,
);
/** Envoy counts some requests in parts, too: `cluster.<name>.external.upstream_rq_5xx`. They are in the whole already. */
const PARTS = /\.(?:external|internal|canary|retry)$|\.svc\.cluster\.local\.zone\..*$/;

/** The page that says it, and nothing else. */
export const STATS_PATH: string = `/stats?format=json&usedonly&histogram_buckets=detailed&filter=${encodeURIComponent(
  `^cluster\\.(outbound\\||inbound\\||PassthroughCluster).*\\.(${STATS.join("|")})$`,
)}`;

export type ClusterStats = ReadonlyMap<string, ClusterCounts>;

/** undefined: it is no such page. Never throws. */
export function parseClusterStats(text: string): ClusterStats | undefined {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return undefined;
  }
  const stats = objectOf(page)["stats"];
  if (!Array.isArray(stats)) return undefined;
  const clusters = new Map<string, ClusterCounts>();
  for (const item of stats) {
    const { name, value, histograms } = objectOf(item);
    if (typeof name === "string") readScalar(clusters, name, numberOf(value));
    for (const detail of listOf(objectOf(histograms)["details"])) {
      readHistogram(clusters, objectOf(detail));
    }
  }
  return clusters;
}

/** The cluster that a statistic belongs to, and which one it is. */
function placeOf(
  clusters: Map<string, ClusterCounts>,
  statistic: string,
): { readonly counts: ClusterCounts; readonly stat: string } | undefined {
  const [, cluster, stat] = STAT.exec(statistic) ?? [];
  if (cluster === undefined || stat === undefined || PARTS.test(cluster)) return undefined;
  let counts = clusters.get(cluster);
  if (counts === undefined) {
    if (clusters.size >= MAX_CLUSTERS) return undefined;
    counts = noCounts();
    clusters.set(cluster, counts);
  }
  return { counts, stat };
}

function readScalar(clusters: Map<string, ClusterCounts>, name: string, value: number): void {
  const place = placeOf(clusters, name);
  if (place === undefined) return;
  const field = FIELDS.get(place.stat);
  if (field === undefined) return;
  if (field[0] === "counter") place.counts.counters[field[1]] = value;
  else place.counts.gauges[field[1]] = value;
}

function readHistogram(clusters: Map<string, ClusterCounts>, { name, totals }: JsonObject): void {
  const place = typeof name === "string" ? placeOf(clusters, name) : undefined;
  if (place?.stat !== LATENCY) return;
  const bins = new LatencyBins();
  for (const bin of listOf(totals).slice(0, MAX_BINS)) {
    const { lower_bound, width, count } = objectOf(bin);
    bins.add(numberOf(lower_bound), numberOf(width), numberOf(count));
  }
  place.counts.latency = bins;
}
