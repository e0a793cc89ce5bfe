// Kubernetes' label selectors: `app=reviews,version!=v1,tier in (a, b),!canary`.
import { quoted } from "#base/log.ts";
import type { Labels } from "../model/labels.ts";

export type LabelSelector = (labels: Labels) => boolean;

export type ParsedSelector =
  | { readonly kind: "parsed"; readonly matches: LabelSelector }
  | { readonly kind: "failed"; readonly reason: string };

const KEY = String.raw`([A-Za-z0-9](?:[-\w./]*[A-Za-z0-9])?)`;
const VALUE = String.raw`([A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?)?`;
const EXISTS = new RegExp(`^(!?)\\s*${KEY}$`);
const EQUALS = new RegExp(`^${KEY}\\s*(!=|==|=)\\s*${VALUE}$`);
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);

/** Requirements of one selector. Kubernetes' own tools stay far below. */
const MAX_REQUIREMENTS = 100;

/** "" takes everything. */
export function parseLabelSelector(text: string): ParsedSelector {
  const parts = text.match(/[^,(]*(?:\([^)]*\))?[^,(]*/g) ?? [];
  const wanted = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (wanted.length > MAX_REQUIREMENTS) {
    return { kind: "failed", reason: `more than ${MAX_REQUIREMENTS} requirements` };
  }
  const requirements: LabelSelector[] = [];
  for (const part of wanted) {
    const requirement = parseRequirement(part);
    if (requirement === undefined) {
      return {
        kind: "failed",
        reason: `must be key=value, key!=value, key in (a,b), key notin (a,b), key or !key: current value is ${quoted(part)}`,
      };
    }
    requirements.push(requirement);
  }
  return { kind: "parsed", matches: (labels) => requirements.every((matches) => matches(labels)) };
}

function parseRequirement(text: string): LabelSelector | undefined {
  const [, not, present] = EXISTS.exec(text) ?? [];
  if (present !== undefined) {
    return (labels) => (Object.hasOwn(labels, present) ? not === "" : not === "!");
  }
  const [, key, operator, value = ""] = EQUALS.exec(text) ?? [];
  if (key !== undefined) return isOneOf(key, [value], operator === "!=");
  const [, setKey, setOperator, list = ""] = SET.exec(text) ?? [];
  if (setKey === undefined) return undefined;
  const values = list.split(",").map((each) => each.trim());
  return isOneOf(setKey, values, setOperator === "notin");
}

/** As Kubernetes: what is not labelled at all is not equal either. */
function isOneOf(key: string, values: readonly string[], isNegated: boolean): LabelSelector {
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return (value !== undefined && values.includes(value)) !== isNegated;
  };
}
