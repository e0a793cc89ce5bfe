// How much a locality counts when some of its hosts are not there (Envoy: effectiveLocalityWeight).

export interface LocalityCounts {
  readonly weight: number;
  readonly total: number;
  /** Not counted at all, such as hosts that drain. */
  readonly excluded: number;
}

/** A locality keeps its weight while enough of its hosts are there: 5 of 7 at the default factor of 140. */
export function effectiveWeight(
  { weight, total, excluded }: LocalityCounts,
  eligibleCount: number,
  overprovisioningFactor: number,
): number {
  const counted = total - excluded;
  if (eligibleCount === 0 || counted <= 0) return 0;
  return weight * Math.min(1, (overprovisioningFactor / 100) * (eligibleCount / counted));
}
