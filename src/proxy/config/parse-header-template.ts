// A header value as configured: literal bytes, or a format whose operators are all known and rightly used.
import { compileText } from "../access-log/format.ts";
import type { Field } from "./field.ts";
import type { HeaderTemplate } from "./header-template.ts";
import { NO_ENVIRONMENT } from "./no-environment.ts";

const encoder = new TextEncoder();

export function readHeaderTemplate(at: Field, value: string): HeaderTemplate {
  if (!value.includes("%")) return { kind: "literal", bytes: encoder.encode(value) };
  const format = compileText(value, NO_ENVIRONMENT, "raw");
  if (format.kind === "rejected") at.reject(format.message);
  return { kind: "format", format: value };
}
