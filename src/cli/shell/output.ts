// The formats of results: tables for people, wide ones with more columns, JSON and YAML with one documented shape.
import { Option } from "commander";
import { stringify } from "yaml";
import type { Terminal } from "#base/terminal.ts";
import { formatTable } from "./table.ts";

export type OutputFormat = "table" | "wide" | "json" | "yaml";

/** `-o, --output`. */
export function outputOption(
  formats: readonly OutputFormat[] = ["table", "wide", "json", "yaml"],
): Option {
  return new Option("-o, --output <format>", "format of the result")
    .choices([...formats])
    .default("table");
}

/** What a command found, in every format. */
export interface Result {
  /** Header row first. */
  readonly table: () => readonly (readonly string[])[];
  /** Left out: the same as `table`. */
  readonly wide?: () => readonly (readonly string[])[];
  /** The documented shape; printed as JSON or YAML. */
  readonly value: unknown;
}

export function formatResult(format: OutputFormat, result: Result): string {
  switch (format) {
    case "table":
      return formatTable(result.table());
    case "wide":
      return formatTable((result.wide ?? result.table)());
    case "json":
      return `${JSON.stringify(result.value, undefined, 2)}\n`;
    case "yaml":
      // What stands in two places is written out twice: nobody wants to look an alias up.
      return stringify(result.value, { aliasDuplicateObjects: false });
  }
}

export function printResult(terminal: Terminal, format: OutputFormat, result: Result): void {
  terminal.write(formatResult(format, result));
}
