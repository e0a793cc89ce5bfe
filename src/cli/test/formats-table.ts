// A report of tests for people: one line a case, its failures below it, and what it comes to.
import type { Colors } from "picocolors/types";
import type { TestReport } from "./report.ts";

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`;

export function formatTable(report: TestReport, withCoverage: boolean, colors: Colors): string {
  const lines: string[] = [];
  for (const { file, line, description, passed, requests, failures } of report.testCases) {
    const mark = passed ? colors.green("✓") : colors.red("✗");
    const where = colors.dim(`${file}:${line}`);
    lines.push(
      `${mark} ${description || "(no description)"}  ${where}  ${count(requests, "request")}`,
    );
    for (const { text } of failures) lines.push(`  ${colors.red(text)}`);
  }
  const { testCases } = report;
  const requests = testCases.reduce((sum, one) => sum + one.requests, 0);
  const failed = testCases.filter(({ passed }) => !passed).length;
  const outcome = failed === 0 ? "all passed" : `${failed} failed`;
  lines.push(
    "",
    `${count(testCases.length, "test case")} with ${count(requests, "request")}: ${outcome}`,
  );
  if (withCoverage) lines.push(...coverageLines(report));
  return `${lines.join("\n")}\n`;
}

function coverageLines({ coverage }: TestReport): string[] {
  const missed = coverage.filter(({ isReached }) => !isReached);
  const reached = coverage.length - missed.length;
  return [
    `Coverage: ${reached} of ${count(coverage.length, "route")} reached${missed.length === 0 ? "" : "; by no test:"}`,
    ...missed.map(({ object, field, file, line }) => `  ${file}:${line}: ${object} ${field}`),
  ];
}
