// Which phases of a tree run, and in which order: depth-first, a parent before its children, less what was filtered and skipped.
import { assert } from "#base/assert.ts";
import { nearest } from "#base/nearest.ts";
import type { Phase } from "./phase.ts";

export interface NamedPhase<D> {
  /** "certs/ca" */
  readonly fullName: string;
  readonly phase: Phase<D>;
  /** Of the phases above it; 0 at the top. */
  readonly level: number;
}

export type Selection<D> =
  | { readonly kind: "selected"; readonly phases: readonly NamedPhase<D>[] }
  | { readonly kind: "refused"; readonly message: string };

export interface PhaseChoice {
  /** `phase NAME`: this one and those below it. Left out: all. */
  readonly only?: string | undefined;
  /** `--skip-phases`: none of these, and none below them. */
  readonly skip?: readonly string[] | undefined;
}

const ownName = ({ name }: Phase<never>): string => (name.split(" ")[0] ?? "").toLowerCase();

/** Every phase with its full name, in the order in which they run. */
export function listPhases<D>(phases: readonly Phase<D>[]): readonly NamedPhase<D>[] {
  const listed: NamedPhase<D>[] = [];
  const visit = (siblings: readonly Phase<D>[], parent: string, level: number): void => {
    for (const phase of siblings) {
      const fullName = `${parent}${ownName(phase)}`;
      listed.push({ fullName, phase, level });
      visit(phase.phases ?? [], `${fullName}/`, level + 1);
    }
  };
  visit(phases, "", 0);
  const names = new Set(listed.map(({ fullName }) => fullName));
  assert(names.size === listed.length, "every phase has a name of its own");
  for (const { phase } of listed) {
    for (const need of phase.needs ?? []) assert(names.has(need), `there is a phase ${need}`);
  }
  return listed;
}

const isWithin = (fullName: string, ancestor: string): boolean =>
  fullName === ancestor || fullName.startsWith(`${ancestor}/`);

/** The name that was meant: a child that was called without its parent, or one that is spelled nearly so. */
function suggestion(typed: string, names: readonly string[]): string | undefined {
  return names.find((name) => name.endsWith(`/${typed}`)) ?? nearest(typed, names);
}

export function selectPhases<D>(phases: readonly Phase<D>[], choice: PhaseChoice): Selection<D> {
  const listed = listPhases(phases);
  const only = choice.only?.toLowerCase();
  const skip = (choice.skip ?? []).map((name) => name.trim().toLowerCase());
  const names = listed.map(({ fullName }) => fullName);
  for (const name of only === undefined ? skip : [only, ...skip]) {
    if (names.includes(name)) continue;
    const meant = suggestion(name, names);
    const hint = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
    return { kind: "refused", message: `invalid phase name: ${name}\n${hint}` };
  }
  const selected = listed.filter(
    ({ fullName }) =>
      (only === undefined || isWithin(fullName, only)) &&
      !skip.some((skipped) => isWithin(fullName, skipped)),
  );
  return { kind: "selected", phases: selected };
}

/** A phase, and those it needs that do not run before it. */
export interface MissingPhases {
  readonly neededBy: string;
  readonly missing: readonly string[];
}

/** A phase that is needed counts only if it runs earlier in the same run. */
export function missingPhases<D>(selected: readonly NamedPhase<D>[]): readonly MissingPhases[] {
  const before = new Set<string>();
  const found: MissingPhases[] = [];
  for (const { fullName, phase } of selected) {
    const missing = (phase.needs ?? []).filter((need) => !before.has(need));
    if (missing.length > 0) found.push({ neededBy: fullName, missing });
    before.add(fullName);
  }
  return found;
}

/** Kubeadm's words. */
export function formatMissing(all: readonly MissingPhases[]): string {
  const lines = all.map(
    ({ neededBy, missing }) =>
      `\n\tmissing [${missing.join(" ")}] phase(s) needed by ${JSON.stringify(neededBy)} phase`,
  );
  return `unresolved dependencies:${lines.join("")}`;
}
