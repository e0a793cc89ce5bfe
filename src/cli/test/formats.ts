// A report of tests in the formats that machines read: JUnit XML, SARIF 2.1.0, TAP 14, GitHub's workflow commands.
import type { ReportedCase, ReportedFailure, TestReport } from "./report.ts";

/** XML 1.0 has no way to write most control characters: they are gone before, and these five are all that is left to escape. */
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
/** What XML 1.0 does not allow (section 2.2), lone surrogates included. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const xml = (text: string): string =>
  text.replace(NOT_XML, "?").replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${xml(String(value))}"`)
    .join("");

/** One suite a file. */
export function formatJunit({ testCases }: TestReport): string {
  const files = Map.groupBy(testCases, ({ file }) => file);
  const failed = (cases: readonly ReportedCase[]): number =>
    cases.filter(({ passed }) => !passed).length;
  const counts = (cases: readonly ReportedCase[]) => ({
    tests: cases.length,
    failures: failed(cases),
    errors: 0,
  });
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "sampan test", ...counts(testCases) })}>`,
  ];
  for (const [file, cases] of files) {
    lines.push(`  <testsuite${attributes({ name: file, ...counts(cases), skipped: 0, file })}>`);
    for (const one of cases) lines.push(...junitCase(one));
    lines.push("  </testsuite>");
  }
  return `${[...lines, "</testsuites>"].join("\n")}\n`;
}

function junitCase({ description, file, line, failures }: ReportedCase): string[] {
  const head = `    <testcase${attributes({ name: description, classname: file, file, line })}`;
  if (failures.length === 0) return [`${head}/>`];
  return [
    `${head}>`,
    ...failures.map(
      ({ message, text }) =>
        `      <failure${attributes({ message, type: "expectation" })}>${xml(text)}</failure>`,
    ),
    "    </testcase>",
  ];
}

const SARIF_RULES = [
  {
    id: "expectation",
    shortDescription: { text: "A request is not treated as its test expects" },
    defaultConfiguration: { level: "error" },
  },
  {
    id: "uncovered-route",
    shortDescription: { text: "No test reaches this route" },
    defaultConfiguration: { level: "note" },
  },
];

/** OASIS SARIF 2.1.0; uncovered routes as notes when `withCoverage`. */
export function formatSarif(report: TestReport, version: string, withCoverage: boolean): string {
  const failures = report.testCases.flatMap((one) => one.failures);
  const uncovered = withCoverage ? report.coverage.filter(({ isReached }) => !isReached) : [];
  const results = [
    ...failures.map((failure) => sarifResult("expectation", "error", sarifText(failure), failure)),
    ...uncovered.map((route) =>
      sarifResult("uncovered-route", "note", `No test reaches ${route.object} ${route.field}`, {
        ...route,
        column: 1,
      }),
    ),
  ];
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "sampan", version, rules: SARIF_RULES } }, results }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

const sarifText = ({ request, message, because }: ReportedFailure): string =>
  `${request}: ${message}${because === undefined ? "" : `; because of ${because}`}`;

function sarifResult(
  ruleId: string,
  level: "error" | "note",
  text: string,
  at: { readonly file: string; readonly line: number; readonly column: number },
): object {
  const artifactLocation = { uri: encodeURI(at.file) };
  const region = { startLine: at.line, startColumn: at.column };
  return {
    ruleId,
    level,
    message: { text },
    locations: [{ physicalLocation: { artifactLocation, region } }],
  };
}

/** Test Anything Protocol, version 14. */
export function formatTap({ testCases }: TestReport): string {
  // "#" begins a directive.
  const name = (one: ReportedCase): string => one.description.replaceAll("#", "\\#");
  const lines = ["TAP version 14", `1..${testCases.length}`];
  testCases.forEach((one, index) => {
    lines.push(`${one.passed ? "ok" : "not ok"} ${index + 1} - ${name(one)}`);
    if (one.passed) return;
    lines.push("  ---", "  failures:");
    for (const { text } of one.failures) lines.push(`    - ${JSON.stringify(text)}`);
    lines.push("  ...");
  });
  return `${lines.join("\n")}\n`;
}

/** Annotations of a workflow run: at most ten of a step are shown, GitHub says; the last line counts all. */
export function formatGithub(report: TestReport): string {
  const data = (text: string): string =>
    text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string): string =>
    data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return report.testCases
    .flatMap(({ description, failures }) =>
      failures.map((failure) => {
        const place = `file=${property(failure.file)},line=${failure.line},col=${failure.column}`;
        return `::error ${place},title=${property(description)}::${data(sarifText(failure))}\n`;
      }),
    )
    .join("");
}
