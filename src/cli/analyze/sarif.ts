// Findings in SARIF 2.1.0, which code hosts show beside the lines that they are about.
import { ALL_CODES, type Level } from "./codes.ts";
import type { Finding } from "./findings.ts";

const LEVEL_NAMES: Readonly<Record<Level, string>> = {
  Error: "error",
  Warning: "warning",
  Info: "note",
};

export function sarifOf(findings: readonly Finding[], version: string): object {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "sampan analyze",
            version,
            rules: ALL_CODES.map(({ code, name, description, level }) => ({
              id: code,
              name,
              shortDescription: { text: description },
              defaultConfiguration: { level: LEVEL_NAMES[level] },
            })),
          },
        },
        results: findings.map(({ code, level, origin, field, message, file, line, column }) => ({
          ruleId: code,
          level: LEVEL_NAMES[level],
          message: { text: [origin, field, message].filter((part) => part !== "").join(": ") },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}
