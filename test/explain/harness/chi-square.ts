// Pearson's test: how likely counts as far from the expected odds as these are, if the odds are right.

export interface Fit {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Of a statistic this large or larger; 1 when there is nothing to compare. */
  readonly p: number;
}

/** Cells that expect fewer are put together: below it the approximation does not hold (Cochran). */
const MIN_EXPECTED = 5;

/** `odds` of the cells sum to 1; `counts` of cells that have no odds are the caller's to refuse. */
export function chiSquare(
  odds: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
): Fit {
  let total = 0;
  for (const count of counts.values()) total += count;
  let statistic = 0;
  let cells = 0;
  const rare = { expected: 0, seen: 0 };
  for (const [cell, share] of odds) {
    const expected = share * total;
    const seen = counts.get(cell) ?? 0;
    if (expected < MIN_EXPECTED) {
      rare.expected += expected;
      rare.seen += seen;
      continue;
    }
    statistic += (seen - expected) ** 2 / expected;
    cells += 1;
  }
  if (rare.expected >= MIN_EXPECTED) {
    statistic += (rare.seen - rare.expected) ** 2 / rare.expected;
    cells += 1;
  }
  const degreesOfFreedom = Math.max(0, cells - 1);
  return { statistic, degreesOfFreedom, p: upperTail(statistic, degreesOfFreedom) };
}

/** Q(k/2, x/2), the regularized upper incomplete gamma function (Numerical Recipes, chapter 6.2: series and continued fraction). */
export function upperTail(x: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === 0 || x <= 0) return 1;
  const a = degreesOfFreedom / 2;
  const half = x / 2;
  return half < a + 1 ? 1 - bySeries(a, half) : byFraction(a, half);
}

const STEPS = 1000;
const PRECISION = 1e-15;

function bySeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < STEPS && term > sum * PRECISION; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Math.exp(a * Math.log(x) - x - logGamma(a));
}

/** Lentz's method. */
function byFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < STEPS; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / nonZero(an * d + b, tiny);
    c = nonZero(b + an / c, tiny);
    const factor = c * d;
    h *= factor;
    if (Math.abs(factor - 1) < PRECISION) break;
  }
  return h * Math.exp(a * Math.log(x) - x - logGamma(a));
}

const nonZero = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value);

/** Exact for the multiples of a half that degrees of freedom make: from Γ(1) = 1 and Γ(1/2) = √π upwards. */
function logGamma(a: number): number {
  let sum = Number.isInteger(a) ? 0 : Math.log(Math.PI) / 2;
  for (let k = Number.isInteger(a) ? 1 : 0.5; k < a; k += 1) sum += Math.log(k);
  return sum;
}
