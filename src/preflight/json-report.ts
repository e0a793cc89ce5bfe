// The report for programs: stable, with every check that ran.
import type { Finding } from "./check.ts";
import type { Report } from "./runner.ts";

/** One thing that is wrong. */
export interface FindingJson {
  readonly severity: "warning" | "error";
  readonly message: string;
  /** The remedy in words. */
  readonly fix?: string;
  /** The remedy as a shell command. */
  readonly command?: string;
}

/** One check that ran. */
export interface CheckJson {
  /** What `--ignore-preflight-errors` and `--only` take. */
  readonly name: string;
  /** "machine", "network", "time", "names", "files", "versions", "configuration" or "interception". */
  readonly category: string;
  /** What is so when it passes. */
  readonly summary: string;
  readonly result: "success" | "warning" | "error";
  /** It found errors, and they count as warnings because it is on the ignore list. */
  readonly isIgnored: boolean;
  readonly findings: readonly FindingJson[];
}

/** `sampan preflight -o json`. */
export interface PreflightReportJson {
  readonly apiVersion: "sampan.dev/v1";
  readonly kind: "PreflightReport";
  /** What it was the preflight of. */
  readonly command: "pilot" | "proxy" | "up";
  /** The exit status is 0. */
  readonly success: boolean;
  readonly warningCount: number;
  readonly errorCount: number;
  readonly checks: readonly CheckJson[];
}

const toJson =
  (severity: "warning" | "error") =>
  ({ message, fix, command }: Finding): FindingJson => ({
    severity,
    message,
    ...(fix === undefined ? {} : { fix }),
    ...(command === undefined ? {} : { command }),
  });

export function toReportJson(
  command: PreflightReportJson["command"],
  report: Report,
  isStrict: boolean,
): PreflightReportJson {
  const { results, warningCount, errorCount } = report;
  return {
    apiVersion: "sampan.dev/v1",
    kind: "PreflightReport",
    command,
    success: errorCount === 0 && (!isStrict || warningCount === 0),
    warningCount,
    errorCount,
    checks: results.map(({ check, errors, warnings, isIgnored }) => ({
      name: check.name,
      category: check.category,
      summary: check.summary,
      result: errors.length > 0 ? "error" : warnings.length > 0 ? "warning" : "success",
      isIgnored,
      findings: [...errors.map(toJson("error")), ...warnings.map(toJson("warning"))],
    })),
  };
}
