// The screen of `sampan top` as lines: keys, order, scrolling, narrow and low terminals, names that would break it.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseKeys } from "../shell/keys.ts";
import { textWidth } from "../shell/text-width.ts";
import type { TopRow } from "./rows.ts";
import { type TopFrame, TopScreen } from "./screen.ts";

const row = (name: string, perSecond: number, more: Partial<TopRow> = {}): TopRow => ({
  name,
  requests: perSecond * 10,
  perSecond,
  successRate: perSecond === 0 ? null : 1,
  p50Ms: perSecond === 0 ? null : 1.5,
  p95Ms: perSecond === 0 ? null : 12,
  p99Ms: perSecond === 0 ? null : 12_345,
  pending: 0,
  overflows: 0,
  ejected: 0,
  retries: 0,
  ...more,
});

const frame = (...rows: readonly TopRow[]): TopFrame => ({
  rows,
  grouping: "service",
  proxyCount: 8,
  measuredMs: 10_000,
  problems: [],
});

const FRAME = frame(
  row("reviews.default", 3, { successRate: 0.9049 }),
  row("idle.default", 0),
  row("ratings.default", 123.4, { overflows: 7 }),
);
const SIZE = { columns: 100, rows: 24 };

const screen = (): TopScreen =>
  new TopScreen({ sort: "rps", isReversed: false, isWide: false, hasColor: false });

function press(view: TopScreen, text: string): void {
  for (const key of parseKeys(text)) view.handleKey(key);
}

/** The names of the rows that are shown, in order. */
const names = (view: TopScreen, of = FRAME, size = SIZE): string =>
  view
    .lines(of, size)
    .flatMap((line) => /^(\S+)\.default /.exec(line)?.[1] ?? [])
    .join(" ");

test("the whole screen", () => {
  expect(screen().lines(FRAME, SIZE)).toEqual([
    "sampan top   by service   8 proxies   last 10 s   126.4 rps   99.77% success",
    "",
    "NAME             SUCCESS  RPS▼    P50   P95    P99",
    "ratings.default  100.00%   123  1.5ms  12ms  12.3s",
    "reviews.default   90.49%   3.0  1.5ms  12ms  12.3s",
    "idle.default           -   0.0      -     -      -",
    "",
    "q quit   s sort   r reverse   w wide   / filter   ? help",
  ]);
});

test("keys sort, reverse, filter and widen; a q in the filter is a letter", () => {
  const view = screen();
  expect(names(view)).toBe("ratings reviews idle");
  press(view, "r");
  expect(names(view)).toBe("idle reviews ratings");
  press(view, "\u001b[D\u001b[D"); // success, name
  expect(names(view)).toBe("idle ratings reviews");
  press(view, "/rq\u007fv");
  expect(names(view)).toBe("reviews".slice(0, 0));
  press(view, "\u007f\u007fr\r");
  expect(view.lines(FRAME, SIZE).at(-1)).toContain("/r");
  press(view, "\u001b");
  expect(names(view)).toBe("idle ratings reviews");
  press(view, "w");
  expect(view.lines(FRAME, SIZE)[2]).toContain("OVERFLOW");
  expect(view.handleKey("q")).toBe(false);
  press(view, "/");
  expect(view.handleKey("q")).toBe(true);
});

test("help covers the screen until a key", () => {
  const view = screen();
  press(view, "?");
  expect(view.lines(FRAME, SIZE).join("\n")).toContain("reverse the order");
  press(view, "q");
  expect(names(view)).toBe("ratings reviews idle");
});

test("more rows than the terminal has are scrolled through, no further", () => {
  const many = frame(...Array.from({ length: 30 }, (_, i) => row(`s${i}.default`, 30 - i)));
  const low = { columns: 80, rows: 10 };
  const view = screen();
  expect(names(view, many, low)).toBe("s0 s1 s2 s3 s4");
  expect(view.lines(many, low).at(-1)).toStartWith("25 more ↓");
  press(view, "jjj");
  expect(names(view, many, low)).toBe("s3 s4 s5 s6 s7");
  press(view, "\u001b[B".repeat(100));
  expect(names(view, many, low)).toBe("s25 s26 s27 s28 s29");
  press(view, "k");
  expect(names(view, many, low)).toBe("s24 s25 s26 s27 s28");
  press(view, "g");
  expect(names(view, many, low)).toBe("s0 s1 s2 s3 s4");
});

test("before the first numbers, and when something is wrong, it says so", () => {
  expect(screen().lines(undefined, SIZE)).toEqual(["Measuring …"]);
  const problems = ["reviews-v1-1: Cannot reach the admin page"];
  expect(screen().lines({ ...FRAME, problems }, SIZE)[1]).toBe(problems[0] as string);
});

test("whatever keys come and whatever names there are, lines are lines and fit the rows", () => {
  const keys = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("s", "/", "?", "\u001b[B")),
  );
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 5, max: 50 }),
  });
  fc.assert(
    fc.property(keys, fc.array(fc.string({ unit: "binary" })), size, (typed, found, shape) => {
      const view = screen();
      for (const text of typed) press(view, text);
      press(view, "x"); // out of the help
      const lines = view.lines(frame(...found.map((name, i) => row(name, i))), shape);
      expect(lines.length).toBeLessThanOrEqual(Math.max(shape.rows, 7));
      for (const line of lines) {
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(textWidth(line)).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
