// What a run ignores: the flag, the file of `--preflight-config` and the command's defaults, united.
import { parseYamlDocuments, type YamlPosition } from "#api/yaml.ts";
import { nearest } from "#base/nearest.ts";
import { KNOWN_NAMES } from "#preflight/catalogue.ts";
import type { Check } from "#preflight/check.ts";
import { type IgnoreList, parseIgnoreList } from "#preflight/ignore-list.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell } from "../shell/shell.ts";
import type { PreflightFlags } from "./options.ts";

/** `message` is a whole line. */
export type Ignored =
  | { readonly kind: "parsed"; readonly ignored: IgnoreList }
  | { readonly kind: "refused"; readonly status: number; readonly message: string };

const KIND = "PreflightConfiguration";
const API_VERSION = "sampan.dev/v1";
/** `metadata` is for people. */
const FIELDS = ["apiVersion", "kind", "metadata", "ignorePreflightErrors"];

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

const refused = (status: number, message: string): Ignored => ({
  kind: "refused",
  status,
  message,
});

/** The list in the file, or why it is none. */
async function readFile(shell: Shell, file: string): Promise<readonly string[] | Ignored> {
  const path = file.startsWith("/") ? file : `${shell.directory}/${file}`;
  const reading = await shell.files.read(path);
  if (reading.kind === "failed") {
    return refused(EXIT.unreadable, `Cannot read ${file} (--preflight-config): ${reading.reason}`);
  }
  const { documents, problems } = parseYamlDocuments(new TextDecoder().decode(reading.bytes), file);
  const [problem] = problems;
  if (problem !== undefined) {
    const { line, column } = problem.position;
    return refused(EXIT.invalidConfiguration, `${file}:${line}:${column}: ${problem.message}`);
  }
  const [document, second] = documents;
  const refuseAt = ({ line, column }: YamlPosition, words: string): Ignored =>
    refused(EXIT.invalidConfiguration, `${file}:${line}:${column}: ${words}`);
  if (second !== undefined) return refuseAt(second.position, "the file must hold one document");
  const value = objectOf(document?.value);
  if (document === undefined || value === undefined) {
    const start = document?.position ?? { file, line: 1, column: 1 };
    return refuseAt(start, `must be an object of kind ${KIND}`);
  }
  const at = (field: string, words: string): Ignored =>
    refuseAt(document.positionOf([field]), `${field}: ${words}`);
  const wanted: Readonly<Record<string, string>> = { kind: KIND, apiVersion: API_VERSION };
  for (const [field, expected] of Object.entries(wanted)) {
    if (value[field] === expected) continue;
    return at(field, `must be ${expected}: current value is ${JSON.stringify(value[field])}`);
  }
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    const meant = nearest(unknown, FIELDS);
    return at(unknown, `unknown field${meant === undefined ? "" : `; did you mean ${meant}?`}`);
  }
  const list = value["ignorePreflightErrors"] ?? [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) {
    return at("ignorePreflightErrors", "must be a list of names of checks");
  }
  return list;
}

/** Names are known when a check of this run has them, or any other check. */
export async function readIgnored(
  shell: Shell,
  flags: PreflightFlags,
  checks: readonly Check[],
  byDefault: readonly string[],
): Promise<Ignored> {
  const file =
    flags.preflightConfig === undefined ? [] : await readFile(shell, flags.preflightConfig);
  if ("kind" in file) return file;
  const known = [...checks.map(({ name }) => name), ...KNOWN_NAMES];
  const flag = flags.ignorePreflightErrors ?? [];
  const parsed = parseIgnoreList({ flag, file, byDefault }, known);
  return parsed.kind === "parsed" ? parsed : refused(EXIT.usage, parsed.message);
}
