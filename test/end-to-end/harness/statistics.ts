// How likely counts are under the split that was asked for.

export function countBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

/**
 * Two outcomes that should be equally likely: Pearson's chi-square with one degree of freedom. Its values are exceeded by
 * chance with p = 0.05 at 3.84, p = 0.001 at 10.83.
 */
export function chiSquareOfHalves(a: number, b: number): number {
  const half = (a + b) / 2;
  return ((a - half) ** 2 + (b - half) ** 2) / half;
}

export const CHI_SQUARE_P_001 = 10.83;
