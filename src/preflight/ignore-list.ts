// `--ignore-preflight-errors`: names of checks whose errors count as warnings, case-insensitive, from the flag and a file united.
import { nearest } from "#base/nearest.ts";

export type IgnoreList =
  | { readonly kind: "all" }
  /** In lower case. */
  | { readonly kind: "names"; readonly names: ReadonlySet<string> };

export type ParsedIgnoreList =
  | { readonly kind: "parsed"; readonly ignored: IgnoreList }
  /** In kubeadm's form: the flag, the value, what is wrong with it. */
  | { readonly kind: "refused"; readonly message: string };

export const IGNORE_NOTHING: IgnoreList = { kind: "names", names: new Set() };

/** Not the name of a check: takes the place of the names that are ignored by default. */
const NONE = "none";
const ALL = "all";

/** "Port-<port>" stands for a number, "FileExisting-<program>" for a word. */
function matches(known: string, name: string): boolean {
  const pattern = known
    .toLowerCase()
    .replace(/<port>$/, "\\d{1,5}")
    .replace(/<[a-z]+>$/, "[\\w.-]+");
  return new RegExp(`^${pattern}$`).test(name);
}

export function isKnownName(known: readonly string[], name: string): boolean {
  return known.some((pattern) => matches(pattern, name.toLowerCase()));
}

/** `Did you mean Swap?`, or where the names are. */
export function suggestName(known: readonly string[], name: string): string {
  const near = nearest(name, known);
  const list = '"sampan preflight --list" names every check';
  return near === undefined ? list : `did you mean ${near}? ${list}`;
}

function invalid(value: string, why: string): ParsedIgnoreList {
  return {
    kind: "refused",
    message: `ignore-preflight-errors: Invalid value: "${value}": ${why}`,
  };
}

export interface IgnoreSources {
  /** Of the flag, each a comma list as it was typed. */
  readonly flag: readonly string[];
  /** Of the configuration file. */
  readonly file: readonly string[];
  /** Ignored unless the flag or the file says `none`. */
  readonly byDefault: readonly string[];
}

const split = (lists: readonly string[]): string[] =>
  lists.flatMap((list) => list.split(",")).map((name) => name.trim());

const inLowerCase = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

/** `known`: names of all checks, families with their variable part, and the names of this run. */
export function parseIgnoreList(
  { flag, file, byDefault }: IgnoreSources,
  known: readonly string[],
): ParsedIgnoreList {
  const typed = split([...flag, ...file]).filter((name) => name !== "");
  const given = new Set(inLowerCase(typed));
  if (given.has(ALL)) {
    if (given.size === 1) return { kind: "parsed", ignored: { kind: "all" } };
    const value = [...given].sort().join(",");
    return invalid(value, "don't specify individual checks if 'all' is used");
  }
  const unknown = typed.find((name) => name.toLowerCase() !== NONE && !isKnownName(known, name));
  if (unknown !== undefined) {
    return invalid(unknown, `no check has this name; ${suggestName(known, unknown)}`);
  }
  const names = given.has(NONE) ? given : new Set([...inLowerCase(byDefault), ...given]);
  return { kind: "parsed", ignored: { kind: "names", names } };
}

export function isIgnored(ignored: IgnoreList, name: string): boolean {
  return ignored.kind === "all" || ignored.names.has(name.toLowerCase());
}
