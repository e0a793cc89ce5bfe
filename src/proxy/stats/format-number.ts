// Numbers as Envoy prints them on its statistics pages.

const UINT64_MAX = "18446744073709551615";
const UINT64_LIMIT = 2 ** 64;

/** A counter or gauge: whole, never in exponent form; what does not fit in 64 bits is the greatest that does. */
export function formatInteger(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value) || value >= UINT64_LIMIT) return UINT64_MAX;
  return BigInt(Math.trunc(value)).toString();
}

/** The shortest text that reads back as the same number; "nan" for NaN. */
export function formatShortest(value: number): string {
  return Number.isNaN(value) ? "nan" : String(value);
}

/** C's `%.<digits>g`: that many significant digits, trailing zeros dropped, exponent form for the very large and small. */
export function formatGeneral(value: number, digits: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e");
    const sign = power.startsWith("-") ? "-" : "+";
    return `${withoutTrailingZeros(mantissa)}e${sign}${power.slice(1).padStart(2, "0")}`;
  }
  return withoutTrailingZeros(value.toFixed(Math.max(digits - 1 - exponent, 0)));
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
