// The documented shapes of `-o json`: which exported types of the sources they are, and their text.
import { join } from "node:path";

/** From a command ("proxy-config cluster") to the text of its types. */
export type JsonShapes = ReadonlyMap<string, string>;

/** A file and the types in it that make the shape, the outermost first. */
type ShapeSource = readonly [file: string, ...types: string[]];

const PROXY_CONFIG_SHAPE: readonly ShapeSource[] = [["src/cli/proxy-config/rows.ts", "EnvoyJson"]];

/** Every command that has `-o json`; a test holds it complete. */
export const SHAPE_SOURCES: Readonly<Record<string, readonly ShapeSource[]>> = {
  logs: [["src/cli/logs/log-line.ts", "LogLine"]],
  status: [["src/cli/status/mesh-status.ts", "StatusReport", "MeshStatus", "PartStatus"]],
  preflight: [["src/preflight/json-report.ts", "PreflightReportJson", "CheckJson", "FindingJson"]],
  tap: [
    ["src/cli/tap/tapped-request.ts", "TappedRequest", "TappedPeer"],
    ["src/cli/tap/trace.ts", "HeaderLine"],
  ],
  top: [
    ["src/cli/top/report.ts", "TopReport"],
    ["src/cli/top/rows.ts", "TopRow"],
  ],
  why: [
    ["src/cli/why/result.ts", "WhyResult"],
    [
      "src/explain/explanation.ts",
      ...["ExplainedRequest", "Entrance", "Step", "StepMark", "Tried", "Origin"],
      ...["Outcome", "HostOdds", "RetryTerms", "HeaderChange"],
    ],
  ],
  get: [
    ["src/pilot/api/object-json.ts", "ObjectJson"],
    [
      "src/pilot/api/debug-pages.ts",
      ...["DescribedService", "DescribedPort", "DescribedEndpoint", "DescribedProblem"],
    ],
    ["src/pilot/push/status.ts", "ProxyReport"],
  ],
  describe: [
    [
      "src/cli/describe/load.ts",
      ...["ObjectDescription", "ServiceDescription", "SubsetDescription"],
    ],
  ],
  validate: [["src/cli/validate.ts", "ValidationReport"]],
  analyze: [["src/cli/analyze/findings.ts", "Finding"]],
  "proxy-status": [["src/pilot/push/status.ts", "ProxyReport", "TypeReport"]],
  ...Object.fromEntries(
    ["cluster", "listener", "route", "endpoint", "secret", "bootstrap"].map((page) => [
      `proxy-config ${page}`,
      PROXY_CONFIG_SHAPE,
    ]),
  ),
  "proxy-config all": [["src/cli/proxy-config/rows.ts", "AllPages", "EnvoyJson"]],
  stats: [["src/cli/stats.ts", "StatisticsReport"]],
  troubleshoot: [["src/cli/troubleshoot/finding.ts", "TroubleshootReport", "Finding"]],
  test: [
    [
      "src/cli/test/report.ts",
      ...["TestReport", "ReportedCase", "ReportedFailure", "ReportedRoute"],
    ],
  ],
  version: [["src/cli/version.ts", "VersionReport", "ProxyVersion"]],
  "why-code": [["src/cli/why-code/codes.ts", "ExplainedCode"]],
};

/** The declaration of an exported interface or type with its doc comment; undefined when there is none of that name. */
export function declarationOf(source: string, name: string): string | undefined {
  const start = new RegExp(
    `^(?:/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?export (?:interface|type) ${name}\\b`,
    "m",
  );
  const match = start.exec(source);
  if (match === null) return undefined;
  const lines = source.slice(match.index).split("\n");
  // Formatted sources end a declaration in the first column: `}` of an interface, or a line that ends with `;` of a type.
  const first = lines.findIndex((line) => line.startsWith("export "));
  const isInterface = lines[first]?.startsWith("export interface") === true;
  const length = lines
    .slice(first)
    .findIndex((line) =>
      (isInterface ? /^export.*\{\}$|^\}/ : /^\S.*;$|^ {2}\|.*;$|^\}.*;$/).test(line),
    );
  return lines
    .slice(0, first + length + 1)
    .join("\n")
    .replace(/^export /m, "");
}

async function shapeText(root: string, sources: readonly ShapeSource[]): Promise<string> {
  const parts: string[] = [];
  for (const [file, ...types] of sources) {
    const source = await Bun.file(join(root, file)).text();
    for (const type of types) {
      const text = declarationOf(source, type);
      if (text === undefined) throw new Error(`${file} exports no type ${type}`);
      parts.push(text);
    }
  }
  return parts.join("\n\n");
}

export async function readShapes(root: string): Promise<JsonShapes> {
  const shapes = new Map<string, string>();
  for (const [command, sources] of Object.entries(SHAPE_SOURCES)) {
    shapes.set(command, await shapeText(root, sources));
  }
  return shapes;
}
