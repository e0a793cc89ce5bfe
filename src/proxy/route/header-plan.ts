// Header operations of all levels that apply to a request or response, compiled into one list in the order they run.
import type { HeaderName } from "#codec/header-name.ts";
import { compileText, type Format } from "../access-log/format.ts";
import type { FormatEnvironment } from "../access-log/operator.ts";
import type { HeaderAddition, HeaderMutations, HeaderOperations } from "../config/route-config.ts";

export interface PlannedAddition {
  readonly name: HeaderName;
  /** A value that never changes; undefined when `format` makes it. */
  readonly bytes: Uint8Array | undefined;
  readonly format: Format | undefined;
  readonly action: HeaderAddition["action"];
  readonly keepEmptyValue: boolean;
}

/** One level (weighted cluster, route, virtual host or route configuration) that has anything to do. */
export interface PlannedLevel {
  readonly remove: readonly HeaderName[];
  readonly add: readonly PlannedAddition[];
}

export type HeaderPlan = readonly PlannedLevel[];

const NOTHING: HeaderPlan = [];

/** `levels` from the most specific to the least; Envoy runs them in that order, or in reverse when the most specific wins. */
export function createHeaderPlan(
  levels: readonly (HeaderOperations | undefined)[],
  direction: "request" | "response",
  options: {
    readonly mostSpecificWins: boolean;
    readonly environment: FormatEnvironment;
  },
): HeaderPlan {
  const planned: PlannedLevel[] = [];
  for (const level of levels) {
    const mutations = level?.[direction];
    if (mutations === undefined || mutations.add.length + mutations.remove.length === 0) continue;
    planned.push(planLevel(mutations, options.environment));
  }
  if (planned.length === 0) return NOTHING;
  return options.mostSpecificWins ? planned.reverse() : planned;
}

function planLevel({ add, remove }: HeaderMutations, environment: FormatEnvironment): PlannedLevel {
  return { remove, add: add.map((addition) => planAddition(addition, environment)) };
}

function planAddition(addition: HeaderAddition, environment: FormatEnvironment): PlannedAddition {
  const { name, value, action, keepEmptyValue } = addition;
  if (value.kind === "literal") {
    return { name, bytes: value.bytes, format: undefined, action, keepEmptyValue };
  }
  // The configuration's parser has compiled the same text before: it cannot be refused here.
  const compiled = compileText(value.format, environment, "raw");
  const format = compiled.kind === "parsed" ? compiled.value : undefined;
  return { name, bytes: undefined, format, action, keepEmptyValue };
}
