// Filters of names that users write as regular expressions: linear-time, matching anywhere in the name.
import { compileRegex } from "#base/regex.ts";

export type NameFilter =
  | { readonly kind: "compiled"; isWanted(name: string): boolean }
  /** In RE2's words. */
  | { readonly kind: "failed"; readonly reason: string };

/** No source, or an empty one, wants every name. */
export function compileNameFilter(source: string | undefined): NameFilter {
  if (source === undefined || source === "") return { kind: "compiled", isWanted: () => true };
  const compiled = compileRegex(source);
  if (compiled.kind === "failed") return compiled;
  const { regex } = compiled;
  return { kind: "compiled", isWanted: (name) => regex.search(name) !== undefined };
}
