// Odds for people.

/** "50 %", "33.3 %", "< 0.1 %". */
export function percent(odds: number): string {
  const value = odds * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value < 100 && value > 99.9) return "> 99.9 %";
  return `${Number(value.toFixed(1))} %`;
}
