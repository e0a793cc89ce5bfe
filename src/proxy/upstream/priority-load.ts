// How much of the traffic each priority gets, and which ones are in panic (Envoy: recalculatePerPriorityState and …Panic).
// Whole percents and truncating division throughout, as in Envoy: the remainders decide who gets the last percent.

/** Host counts of one priority. */
export interface PriorityCounts {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
  /** Not counted at all, such as hosts that drain. */
  readonly excluded: number;
}

/** One priority's share, in percent of all traffic; all shares of all priorities sum to 100. */
export interface PriorityShare {
  readonly healthyPercent: number;
  readonly degradedPercent: number;
  /** So few hosts are healthy that picking only among them would fell those too: all hosts are used. */
  readonly isPanic: boolean;
}

/** `panicPercent` 0 turns panic off. There is at least one priority. */
export function computePriorityShares(
  priorities: readonly PriorityCounts[],
  overprovisioningFactor: number,
  panicPercent: number,
): readonly PriorityShare[] {
  const availability = (part: number, { total, excluded }: PriorityCounts): number =>
    total - excluded > 0
      ? Math.min(100, Math.floor((overprovisioningFactor * part) / (total - excluded)))
      : 0;
  const healthy = priorities.map((counts) => availability(counts.healthy, counts));
  const degraded = priorities.map((counts) => availability(counts.degraded, counts));
  const normalizedTotal = Math.min(100, sum(healthy) + sum(degraded));

  if (normalizedTotal === 0 && panicPercent === 0) return everythingToFirst(priorities.length);
  const isPanic = priorities.map(
    (counts) => normalizedTotal < 100 && isInPanic(counts, panicPercent),
  );
  if (isPanic.every(Boolean)) return sharesByHostCount(priorities);

  const healthyLoads = distribute(healthy, normalizedTotal, 100);
  const degradedLoads = distribute(degraded, normalizedTotal, 100 - sum(healthyLoads));
  const remainder = 100 - sum(healthyLoads) - sum(degradedLoads);
  const firstHealthy = healthy.findIndex((percent) => percent > 0);
  const firstDegraded = degraded.findIndex((percent) => percent > 0);
  if (firstHealthy >= 0) healthyLoads[firstHealthy] = (healthyLoads[firstHealthy] ?? 0) + remainder;
  else if (firstDegraded >= 0) {
    degradedLoads[firstDegraded] = (degradedLoads[firstDegraded] ?? 0) + remainder;
  }
  return priorities.map((_, index) => ({
    healthyPercent: healthyLoads[index] ?? 0,
    degradedPercent: degradedLoads[index] ?? 0,
    isPanic: isPanic[index] ?? false,
  }));
}

/** In doubles, without the overprovisioning factor. */
function isInPanic(
  { total, healthy, degraded, excluded }: PriorityCounts,
  panicPercent: number,
): boolean {
  const counted = total - excluded;
  const percent = counted > 0 ? (100 * healthy) / counted + (100 * degraded) / counted : 0;
  return percent < panicPercent;
}

/** What each priority can take, in order, until `available` is used up. */
function distribute(
  percents: readonly number[],
  normalizedTotal: number,
  available: number,
): number[] {
  let left = available;
  return percents.map((percent) => {
    const load =
      normalizedTotal === 0 ? 0 : Math.min(left, Math.floor((percent * 100) / normalizedTotal));
    left -= load;
    return load;
  });
}

/** All in panic: nobody's health counts, so hosts do. */
function sharesByHostCount(priorities: readonly PriorityCounts[]): readonly PriorityShare[] {
  const hostCount = priorities.reduce((count, { total }) => count + total, 0);
  if (hostCount === 0) {
    return everythingToFirst(priorities.length).map((share) => ({ ...share, isPanic: true }));
  }
  const loads = priorities.map(({ total }) => Math.floor((100 * total) / hostCount));
  const firstWithHosts = priorities.findIndex(({ total }) => total > 0);
  const remainder = 100 - sum(loads);
  return loads.map((load, index) => ({
    healthyPercent: index === firstWithHosts ? load + remainder : load,
    degradedPercent: 0,
    isPanic: true,
  }));
}

/** Traffic must go somewhere, even if only to find no host there. */
function everythingToFirst(count: number): readonly PriorityShare[] {
  return Array.from({ length: count }, (_, index) => ({
    healthyPercent: index === 0 ? 100 : 0,
    degradedPercent: 0,
    isPanic: false,
  }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
