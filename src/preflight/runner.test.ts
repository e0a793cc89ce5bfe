// The check runner: order, ignored errors, and checks that throw or never answer.
import { expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { type Check, type CheckOutcome, type CheckPorts, fail, PASSED, warn } from "./check.ts";
import { IGNORE_NOTHING, type IgnoreList } from "./ignore-list.ts";
import { type CheckResult, runChecks } from "./runner.ts";
import { fakePorts } from "./testing/run-check.ts";

function check(
  name: string,
  run: (ports: CheckPorts) => CheckOutcome | Promise<CheckOutcome>,
): Check {
  const texts = { summary: "all is well", why: "because", fix: "mend it" };
  return { name, category: "machine", severity: "error", ...texts, run };
}

const finding = (message: string) => ({ message, fix: undefined });

const CHECKS = [
  check("One", () => fail(finding("first"), finding("second"))),
  check("Two", () => PASSED),
  check("Three", () => ({ warnings: [finding("odd")], errors: [finding("third")] })),
  check("Four", () => warn(finding("stale"))),
];

async function lines(checks: readonly Check[], ignored: IgnoreList): Promise<readonly string[]> {
  const seen: CheckResult[] = [];
  const report = await runChecks(checks, fakePorts(), ignored, {
    onResult: (result) => seen.push(result),
  });
  expect(report.results).toEqual(seen);
  return [
    ...seen.map(
      ({ check: { name }, errors, warnings, isIgnored }) =>
        `${name}${isIgnored ? " ignored" : ""}: E[${errors.map((e) => e.message)}] W[${warnings.map((w) => w.message)}]`,
    ),
    `${report.errorCount} errors, ${report.warningCount} warnings`,
  ];
}

test("every check runs, whatever those before it found", async () => {
  expect(await lines(CHECKS, IGNORE_NOTHING)).toEqual([
    "One: E[first,second] W[]",
    "Two: E[] W[]",
    "Three: E[third] W[odd]",
    "Four: E[] W[stale]",
    "3 errors, 2 warnings",
  ]);
});

test("errors of what is ignored stand after its warnings", async () => {
  expect(await lines(CHECKS, { kind: "names", names: new Set(["three", "four", "two"]) })).toEqual([
    "One: E[first,second] W[]",
    "Two: E[] W[]",
    "Three ignored: E[] W[odd,third]",
    "Four: E[] W[stale]",
    "2 errors, 3 warnings",
  ]);
  expect((await lines(CHECKS, { kind: "all" })).at(-1)).toBe("0 errors, 5 warnings");
});

test("results come in the order of the checks, however long each takes", async () => {
  const time = new FakeTime();
  const later = (name: string, delayMs: number): Check =>
    check(
      name,
      ({ timers }) => new Promise((resolve) => timers.after(delayMs, () => resolve(PASSED))),
    );
  const names: string[] = [];
  const running = runChecks(
    [later("Slow", 900), later("Quick", 100), later("Slower", 1_000)],
    fakePorts({ time }),
    IGNORE_NOTHING,
    { onResult: ({ check: { name } }) => names.push(name) },
  );
  time.advance(1_000); // not 2,000: they wait side by side
  await running;
  expect(names).toEqual(["Slow", "Quick", "Slower"]);
  expect(time.timerCount).toBe(0);
});

test.each<[string, Check["run"]]>([
  [
    "throws",
    () => {
      throw new Error("a bug");
    },
  ],
  ["rejects", () => Promise.reject(new Error("a bug"))],
])("a check that %s is told, and the others run", async (_how, run) => {
  expect(await lines([check("Odd", run), check("Two", () => PASSED)], IGNORE_NOTHING)).toEqual([
    "Odd: E[] W[the check itself failed: a bug]",
    "Two: E[] W[]",
    "0 errors, 1 warnings",
  ]);
});

test("a check that hangs is given up after ten seconds", async () => {
  const time = new FakeTime();
  const hangs = check("Odd", () => new Promise<never>(() => {}));
  const running = runChecks([hangs], fakePorts({ time }), IGNORE_NOTHING, { onResult() {} });
  time.advance(10_000);
  const { results } = await running;
  expect(results[0]?.warnings[0]?.message).toBe("the check itself failed: no answer within 10 s");
});
