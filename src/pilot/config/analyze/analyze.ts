// Runs every rule over every object: what is valid by itself and wrong beside the others.
import {
  type ConfigObject,
  formatProblem,
  type Kind,
  type Problem,
  warningAt,
} from "../../model/object.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Rule } from "./rule.ts";
import { RULES, type RulesByKind } from "./rules.ts";

/** Warnings of one analysis: beyond them nobody reads on. */
const MAX_WARNINGS = 2_000;

/** VirtualServices among `objects` are merged ones (`Snapshot.virtualServicesFor`). Each warning once, in the order of the objects. */
export function analyze(
  objects: readonly ConfigObject[],
  world: Snapshot,
  rules: RulesByKind = RULES,
): Problem[] {
  const found = new Map<string, Problem>();
  for (const object of objects) {
    for (const problem of problemsOf(object.kind, object, world, rules)) {
      if (found.size >= MAX_WARNINGS) return [...found.values()];
      found.set(formatProblem(problem), problem);
    }
  }
  return [...found.values()];
}

function problemsOf<K extends Kind>(
  kind: K,
  object: ConfigObject,
  world: Snapshot,
  allRules: RulesByKind,
): Problem[] {
  const problems: Problem[] = [];
  const rules: readonly Rule<K>[] = allRules[kind];
  for (const rule of rules) {
    // The caller passes the object's own kind.
    rule.check(object as ConfigObject as ConfigObject<K>, world, (path, message) => {
      problems.push(warningAt(object, path, message, rule.name));
    });
  }
  return problems;
}
