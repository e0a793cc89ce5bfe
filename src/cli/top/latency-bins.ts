// Latencies as proxies count them: by bins, the same in all of them, so that what several have counted is added bin by bin.

/** Counts by bin; a bin is told by where it begins and how wide it is. */
export class LatencyBins {
  readonly #counts = new Map<number, { readonly width: number; count: number }>();
  total = 0;

  add(lowerBound: number, width: number, count: number): void {
    if (!(count > 0)) return;
    const bin = this.#counts.get(lowerBound);
    if (bin === undefined) this.#counts.set(lowerBound, { width, count });
    else bin.count += count;
    this.total += count;
  }

  addAll(other: LatencyBins): void {
    for (const [lowerBound, { width, count }] of other.#counts) this.add(lowerBound, width, count);
  }

  get binCount(): number {
    return this.#counts.size;
  }

  /** What was counted since `earlier`; all of it when the counter began anew meanwhile. */
  since(earlier: LatencyBins | undefined): LatencyBins {
    if (earlier === undefined || earlier.total > this.total) return this;
    const rest = new LatencyBins();
    for (const [lowerBound, { width, count }] of this.#counts) {
      rest.add(lowerBound, width, count - (earlier.#counts.get(lowerBound)?.count ?? 0));
    }
    return rest;
  }

  /** The value below which the share `q` (0 to 1) of what was counted lies, evenly spread within its bin; undefined of nothing. */
  quantile(q: number): number | undefined {
    if (this.total === 0) return undefined;
    const bins = [...this.#counts].sort(([a], [b]) => a - b);
    const wanted = q * this.total;
    let below = 0;
    for (const [lowerBound, { width, count }] of bins) {
      if (below + count >= wanted)
        return lowerBound + (width * Math.max(0, wanted - below)) / count;
      below += count;
    }
    const last = bins.at(-1);
    return last === undefined ? undefined : last[0] + last[1].width;
  }
}
