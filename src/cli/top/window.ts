// The last seconds of each proxy: samples of what it has counted, and what was counted between the oldest and the newest.
import { type ClusterCounts, type ClusterStats, noCounts } from "./cluster-stats.ts";
import { MAX_SAMPLES } from "./limits.ts";

interface Sample {
  readonly atMs: number;
  readonly stats: ClusterStats;
}

/** What one proxy counted on one cluster within the window. */
export interface ClusterTraffic {
  readonly proxy: string;
  readonly cluster: string;
  readonly elapsedMs: number;
  /** Counters and latencies: of the window; gauges: now. */
  readonly counts: ClusterCounts;
}

export class TrafficWindow {
  readonly #windowMs: number;
  readonly #samples = new Map<string, Sample[]>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(proxy: string, atMs: number, stats: ClusterStats): void {
    const samples = this.#samples.get(proxy) ?? [];
    this.#samples.set(proxy, samples);
    samples.push({ atMs, stats });
    // One sample at or before the window's beginning is kept: the window is measured from it.
    while (
      samples.length > MAX_SAMPLES ||
      (samples.length > 2 && (samples[1] as Sample).atMs <= atMs - this.#windowMs)
    ) {
      samples.shift();
    }
  }

  /** Forgets proxies that are not among `proxies`. */
  keep(proxies: ReadonlySet<string>): void {
    for (const proxy of this.#samples.keys()) if (!proxies.has(proxy)) this.#samples.delete(proxy);
  }

  /** The time that is measured: of the proxy that has been watched for longest; 0 before the second sample. */
  get measuredMs(): number {
    let longest = 0;
    for (const samples of this.#samples.values()) longest = Math.max(longest, elapsed(samples));
    return longest;
  }

  /** Of a proxy that has not answered for the length of the window nothing is known. */
  traffic(nowMs: number): readonly ClusterTraffic[] {
    return [...this.#samples].flatMap(([proxy, samples]) => {
      const isKnown = (samples.at(-1)?.atMs ?? 0) >= nowMs - this.#windowMs;
      return isKnown ? trafficOf(proxy, samples) : [];
    });
  }
}

const elapsed = (samples: readonly Sample[]): number =>
  (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0);

function trafficOf(proxy: string, samples: readonly Sample[]): ClusterTraffic[] {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) return [];
  const elapsedMs = elapsed(samples);
  return [...last.stats].map(([cluster, now]) => ({
    proxy,
    cluster,
    elapsedMs,
    counts: difference(first.stats.get(cluster), now),
  }));
}

/** A counter that is lower than before began anew: its proxy was restarted, or told to reset. */
function difference(before: ClusterCounts | undefined, now: ClusterCounts): ClusterCounts {
  const { counters, gauges, latency } = noCounts();
  for (const key of Object.keys(counters) as (keyof typeof counters)[]) {
    const earlier = before?.counters[key] ?? 0;
    const later = now.counters[key];
    counters[key] = later >= earlier ? later - earlier : later;
  }
  Object.assign(gauges, now.gauges);
  latency.addAll(now.latency.since(before?.latency));
  return { counters, gauges, latency };
}
