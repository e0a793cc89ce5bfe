// What programs read of a test run: JUnit, SARIF, TAP, annotations; with text that could break each.
import { describe, expect, test } from "bun:test";
import { createColors } from "picocolors";
import { formatGithub, formatJunit, formatSarif, formatTap } from "./formats.ts";
import { formatTable } from "./formats-table.ts";
import type { TestReport } from "./report.ts";

const FAILURE = {
  file: "t/a b.yaml",
  line: 7,
  column: 5,
  request: "GET reviews/?a=<b>&c and 1 more",
  message: 'expected "v2", but got 50 % v1',
  because: "VirtualService default/reviews spec.http[0] (mesh.yaml:31)",
  text: 't/a b.yaml:7:5: testCase "x < y, # 1": …',
} as const;

const REPORT: TestReport = {
  passed: false,
  testCases: [
    {
      file: "t/a b.yaml",
      line: 3,
      column: 5,
      description: "x < y, # 1",
      passed: false,
      requests: 2,
      failures: [FAILURE],
    },
    {
      file: "t/c.yaml",
      line: 2,
      column: 5,
      description: "good",
      passed: true,
      requests: 1,
      failures: [],
    },
  ],
  coverage: [
    {
      object: "VirtualService default/reviews",
      field: "spec.http[0]",
      file: "mesh.yaml",
      line: 31,
      isReached: true,
    },
    {
      object: "VirtualService default/reviews",
      field: "spec.http[1]",
      file: "mesh.yaml",
      line: 40,
      isReached: false,
    },
  ],
};

test("junit", () => {
  expect(formatJunit(REPORT)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sampan test" tests="2" failures="1" errors="0">
  <testsuite name="t/a b.yaml" tests="1" failures="1" errors="0" skipped="0" file="t/a b.yaml">
    <testcase name="x &lt; y, # 1" classname="t/a b.yaml" file="t/a b.yaml" line="3">
      <failure message="expected &quot;v2&quot;, but got 50 % v1" type="expectation">t/a b.yaml:7:5: testCase &quot;x &lt; y, # 1&quot;: …</failure>
    </testcase>
  </testsuite>
  <testsuite name="t/c.yaml" tests="1" failures="0" errors="0" skipped="0" file="t/c.yaml">
    <testcase name="good" classname="t/c.yaml" file="t/c.yaml" line="2"/>
  </testsuite>
</testsuites>
`);
});

test("junit has no character that XML forbids", () => {
  const [first] = REPORT.testCases;
  if (first === undefined) throw new Error("no case");
  const odd = {
    ...REPORT,
    testCases: [{ ...first, description: "a\u0000b\u001b[31m\ud800\ufffe😀" }],
  };
  expect(formatJunit(odd)).toContain('name="a?b?[31m??😀"');
});

describe("sarif", () => {
  const sarif = JSON.parse(formatSarif(REPORT, "1.2.3", true));

  test("has the shape of SARIF 2.1.0: a driver with rules, and results that name them", () => {
    expect(sarif.version).toBe("2.1.0");
    const [run] = sarif.runs;
    expect(run.tool.driver).toMatchObject({ name: "sampan", version: "1.2.3" });
    const rules = run.tool.driver.rules.map(({ id }: { id: string }) => id);
    for (const result of run.results) {
      expect(rules).toContain(result.ruleId);
      expect(["none", "note", "warning", "error"]).toContain(result.level);
      expect(result.message.text).toBeString();
      const { artifactLocation, region } = result.locations[0].physicalLocation;
      expect(URL.canParse(artifactLocation.uri, "file:///")).toBe(true);
      expect(artifactLocation.uri).not.toContain(" ");
      expect(region.startLine).toBeGreaterThan(0);
      expect(region.startColumn).toBeGreaterThan(0);
    }
  });

  test("shows routes that no test reaches as notes, when asked", () => {
    const [failure, route] = sarif.runs[0].results;
    expect(failure).toMatchObject({ ruleId: "expectation", level: "error" });
    expect(route.message.text).toBe("No test reaches VirtualService default/reviews spec.http[1]");
    expect(JSON.parse(formatSarif(REPORT, "1", false)).runs[0].results).toHaveLength(1);
  });
});

test("tap", () => {
  expect(formatTap(REPORT)).toBe(`TAP version 14
1..2
not ok 1 - x < y, \\# 1
  ---
  failures:
    - "t/a b.yaml:7:5: testCase \\"x < y, # 1\\": …"
  ...
ok 2 - good
`);
});

test("github", () => {
  expect(formatGithub(REPORT)).toBe(
    "::error file=t/a b.yaml,line=7,col=5,title=x < y%2C # 1::GET reviews/?a=<b>&c and 1 more: " +
      'expected "v2", but got 50 %25 v1; because of VirtualService default/reviews spec.http[0] (mesh.yaml:31)\n',
  );
});

test("table", () => {
  expect(
    formatTable(REPORT, true, createColors(false)),
  ).toBe(`✗ x < y, # 1  t/a b.yaml:3  2 requests
  t/a b.yaml:7:5: testCase "x < y, # 1": …
✓ good  t/c.yaml:2  1 request

2 test cases with 3 requests: 1 failed
Coverage: 1 of 2 routes reached; by no test:
  mesh.yaml:40: VirtualService default/reviews spec.http[1]
`);
});
