// What a check found wrong with a field, before it is known where the field stands in its file.
import type { FieldPath } from "#base/field-path.ts";
import { quoted } from "#base/log.ts";

export interface FieldProblem {
  /** From the top of the document: `["spec", "http", 0, "timeout"]`. */
  readonly path: FieldPath;
  /** What is wrong with the value quoted, then what would be right. */
  readonly message: string;
  /** Default "error": the object is refused. */
  readonly severity?: "error" | "warning";
  /** The name of the warning that it is. */
  readonly rule?: string;
}

/** `value` as a message shows it: short, on one line. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value, 80);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** `must be at least 1: current value is 0`; `hint` comes after it. */
export function must(path: FieldPath, wanted: string, value: unknown, hint = ""): FieldProblem {
  return { path, message: `must ${wanted}: current value is ${shown(value)}${hint}` };
}

export function warn(path: FieldPath, message: string): FieldProblem {
  return { path, message, severity: "warning" };
}
