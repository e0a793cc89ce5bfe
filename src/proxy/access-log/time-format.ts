// Times in a log line: the strftime formats that Envoy accepts (absl::FormatTime's), in UTC.
import { type CivilTime, civilTime, daysFromCivil } from "#base/civil-time.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Envoy's format of %START_TIME%, and of %START_TIME_LOCAL%. */
export const DEFAULT_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%3fZ";
export const DEFAULT_LOCAL_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%3f%z";

/** A format's parts: text, a conversion that is the same for a whole second, or digits of the fraction of a second. */
type Part =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "conversion"; readonly render: (time: CivilTime, seconds: number) => string }
  | { readonly kind: "fraction"; readonly fraction: Fraction };

/** Digits of the fraction of a second, behind a point or not. */
interface Fraction {
  /** "significant": as many as there are without zeros at the end. */
  readonly digits: number | "significant";
  readonly hasPoint: boolean;
}

const two = (value: number): string => String(value).padStart(2, "0");
const spaced = (value: number): string => String(value).padStart(2, " ");
const hour12 = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12);
const dayName = (time: CivilTime): string => DAYS[time.weekday] ?? "";
const monthName = (time: CivilTime): string => MONTHS[time.month - 1] ?? "";
const clock = (time: CivilTime): string =>
  `${two(time.hour)}:${two(time.minute)}:${two(time.second)}`;
const slashed = (time: CivilTime): string =>
  `${two(time.month)}/${two(time.day)}/${two(time.year % 100)}`;

const CONVERSIONS: Readonly<Record<string, (time: CivilTime, seconds: number) => string>> = {
  a: (time) => dayName(time).slice(0, 3),
  A: dayName,
  b: (time) => monthName(time).slice(0, 3),
  B: monthName,
  c: (time) =>
    `${dayName(time).slice(0, 3)} ${monthName(time).slice(0, 3)} ${spaced(time.day)} ${clock(time)} ${time.year}`,
  C: (time) => two(Math.floor(time.year / 100)),
  d: (time) => two(time.day),
  D: slashed,
  e: (time) => spaced(time.day),
  F: (time) => `${time.year}-${two(time.month)}-${two(time.day)}`,
  g: (time) => two(isoWeek(time).year % 100),
  G: (time) => String(isoWeek(time).year),
  h: (time) => monthName(time).slice(0, 3),
  H: (time) => two(time.hour),
  I: (time) => two(hour12(time.hour)),
  j: (time) => String(time.yearDay).padStart(3, "0"),
  k: (time) => spaced(time.hour),
  l: (time) => spaced(hour12(time.hour)),
  m: (time) => two(time.month),
  M: (time) => two(time.minute),
  p: (time) => (time.hour < 12 ? "AM" : "PM"),
  P: (time) => (time.hour < 12 ? "am" : "pm"),
  r: (time) =>
    `${two(hour12(time.hour))}:${two(time.minute)}:${two(time.second)} ${time.hour < 12 ? "AM" : "PM"}`,
  R: (time) => `${two(time.hour)}:${two(time.minute)}`,
  s: (_time, seconds) => String(seconds),
  S: (time) => two(time.second),
  t: () => "\t",
  T: clock,
  u: (time) => String(time.weekday === 0 ? 7 : time.weekday),
  U: (time) => two(Math.floor((time.yearDay + 6 - time.weekday) / 7)),
  V: (time) => two(isoWeek(time).week),
  w: (time) => String(time.weekday),
  W: (time) => two(Math.floor((time.yearDay + 6 - ((time.weekday + 6) % 7)) / 7)),
  x: slashed,
  X: clock,
  y: (time) => two(time.year % 100),
  Y: (time) => String(time.year),
  z: () => "+0000",
  Z: () => "UTC",
  "%": () => "%",
};

/** The week of ISO 8601: it belongs to the year that holds its Thursday. */
function isoWeek(time: CivilTime): { readonly year: number; readonly week: number } {
  const thursday = time.yearDay + 4 - (time.weekday === 0 ? 7 : time.weekday);
  const length = daysFromCivil(time.year + 1, 1, 1) - daysFromCivil(time.year, 1, 1);
  if (thursday < 1) {
    const before = daysFromCivil(time.year, 1, 1) - daysFromCivil(time.year - 1, 1, 1);
    return { year: time.year - 1, week: Math.ceil((thursday + before) / 7) };
  }
  if (thursday > length) return { year: time.year + 1, week: 1 };
  return { year: time.year, week: Math.ceil(thursday / 7) };
}

const CONVERSION = /%(?:E(z|T|s|4Y|\*?[Sf]|\d+[Sf])|(\d)?f|(.))/gs;

/** Splits a format. What is no conversion stays as it is written, as in C. */
function parse(format: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of format.matchAll(CONVERSION)) {
    if (match.index > from) parts.push({ kind: "literal", text: format.slice(from, match.index) });
    parts.push(...partsOf(match[0], match[1], match[2], match[3]));
    from = match.index + match[0].length;
  }
  if (from < format.length) parts.push({ kind: "literal", text: format.slice(from) });
  return parts;
}

function partsOf(
  whole: string,
  extension: string | undefined,
  digits: string | undefined,
  letter: string | undefined,
): Part[] {
  if (extension !== undefined) return extensionParts(extension);
  // %f alone is nanoseconds.
  if (letter === undefined) {
    return [{ kind: "fraction", fraction: { digits: Number(digits ?? 9), hasPoint: false } }];
  }
  const render = CONVERSIONS[letter];
  return [render === undefined ? { kind: "literal", text: whole } : { kind: "conversion", render }];
}

/** What absl adds to strftime: %Ez, %E3S (seconds with a fraction), %E*S, %E6f, … */
function extensionParts(extension: string): Part[] {
  const conversion = (letter: string): Part => ({
    kind: "conversion",
    render: CONVERSIONS[letter] ?? (() => ""),
  });
  if (extension === "z") return [{ kind: "literal", text: "+00:00" }];
  if (extension === "T") return [{ kind: "literal", text: "T" }];
  if (extension === "s") return [conversion("s")];
  if (extension === "4Y") {
    return [{ kind: "conversion", render: (time) => String(time.year).padStart(4, "0") }];
  }
  const amount = extension.slice(0, -1);
  const digits = amount === "*" ? "significant" : Math.min(Number(amount), 15);
  if (extension.endsWith("f")) return [{ kind: "fraction", fraction: { digits, hasPoint: false } }];
  const fraction: Part = { kind: "fraction", fraction: { digits, hasPoint: true } };
  return digits === 0 ? [conversion("S")] : [conversion("S"), fraction];
}

/** A piece of the current second's text: bytes, or a fraction that stands there. */
type Piece = Uint8Array | Fraction;

/** A double near 1.8e12 ms is exact to a quarter of a microsecond; what is printed beyond that would be noise. */
const MICROSECONDS_PER_MS = 1000;

/**
 * A compiled time format. Everything but the fraction is rendered once a second and kept, since a log is written in the order
 * of time, nearly.
 */
export class TimeFormat {
  readonly #parts: readonly Part[];
  #second = Number.NaN;
  #pieces: Piece[] = [];

  constructor(format: string) {
    this.#parts = parse(format);
  }

  /** Appends the moment `wallMs` milliseconds after 1970. */
  write(wallMs: number, out: OutputBuffer): void {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) this.#render(second);
    const microseconds = Math.min(
      Math.round((wallMs - second * 1000) * MICROSECONDS_PER_MS),
      999_999,
    );
    for (const piece of this.#pieces) {
      if (piece instanceof Uint8Array) out.write(piece);
      else writeFraction(microseconds, piece, out);
    }
  }

  #render(second: number): void {
    this.#second = second;
    this.#pieces = [];
    const time = civilTime(second);
    let text = "";
    for (const part of this.#parts) {
      if (part.kind === "fraction") {
        if (text !== "") this.#pieces.push(encoder.encode(text));
        text = "";
        this.#pieces.push(part.fraction);
      } else {
        text += part.kind === "literal" ? part.text : part.render(time, second);
      }
    }
    if (text !== "") this.#pieces.push(encoder.encode(text));
  }
}

function writeFraction(microseconds: number, fraction: Fraction, out: OutputBuffer): void {
  const { digits, hasPoint } = fraction;
  if (digits === "significant") {
    const text = String(microseconds).padStart(6, "0").replace(/0+$/, "");
    if (hasPoint && text !== "") out.byte(POINT);
    out.ascii(text === "" && !hasPoint ? "0" : text);
    return;
  }
  if (hasPoint) out.byte(POINT);
  if (digits === 3) {
    const ms = Math.floor(microseconds / MICROSECONDS_PER_MS);
    out.byte(ZERO + Math.floor(ms / 100));
    out.byte(ZERO + (Math.floor(ms / 10) % 10));
    out.byte(ZERO + (ms % 10));
    return;
  }
  out.ascii(String(microseconds).padStart(6, "0").slice(0, digits).padEnd(digits, "0"));
}

const encoder = new TextEncoder();
const ZERO = 48;
const POINT = 46;
