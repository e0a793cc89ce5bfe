// Holds a spec to the published schema of its kind: types, ranges, required and unknown fields, CEL rules.
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { FieldPath } from "#base/field-path.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { Kind } from "../../model/object.ts";
import schemas from "./crd-schemas.json" with { type: "json" };
import { type FieldProblem, must, shown } from "./field-problem.ts";
import { addKeywords } from "./keywords.ts";

const SCHEMA_ID = "istio";

let ajv: Ajv | undefined;

/** Compiles a kind's schema when its first object comes: a few milliseconds each, and few kinds are used. */
function validatorOf(kind: Kind): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
    addFormats["default"](ajv);
    addKeywords(ajv);
    ajv.addSchema({ $id: SCHEMA_ID, ...schemas }, SCHEMA_ID);
  }
  const validate = ajv.getSchema(`${SCHEMA_ID}#/$defs/${kind}`);
  if (validate === undefined) throw new Error(`Assertion failed: no schema for kind ${kind}`);
  return validate;
}

export interface SchemaProblems {
  /** Wrong types, unknown and missing fields, values out of range: the spec is not what its message can hold. */
  readonly structure: readonly FieldProblem[];
  /** Broken CEL rules and doubled list keys. */
  readonly rules: readonly FieldProblem[];
}

const RULE_KEYWORDS = new Set(["celRules", "uniqueBy"]);

/** `spec` without null fields (`withoutNulls`); `at` is where it stands in its document. */
export function schemaProblems(kind: Kind, spec: unknown, at: FieldPath): SchemaProblems {
  const structure: FieldProblem[] = [];
  const rules: FieldProblem[] = [];
  const validate = validatorOf(kind);
  const errors = validate(spec) ? [] : (validate.errors ?? []);
  for (const error of errors) {
    const problem = explain(error, [...at, ...fieldPath(error.instancePath, spec)]);
    (RULE_KEYWORDS.has(error.keyword) ? rules : structure).push(problem);
  }
  return { structure: structure.filter((problem) => !isMisspelt(problem, structure)), rules };
}

/** A field that is missing because it was misspelt is told once, as the misspelling. */
function isMisspelt({ path, message }: FieldProblem, all: readonly FieldProblem[]): boolean {
  const name = path.at(-1);
  if (message !== MISSING || typeof name !== "string") return false;
  const hint = didYouMean(name);
  return all.some((other) => {
    const isSibling =
      other.path.length === path.length &&
      path.slice(0, -1).every((step, i) => other.path[i] === step);
    return isSibling && other.message.endsWith(hint);
  });
}

const MISSING = "must be set";

function didYouMean(name: string): string {
  return `did you mean ${quoted(name)}?`;
}

/** JSON pointer -> path: steps into lists become numbers. */
function fieldPath(pointer: string, value: unknown): FieldPath {
  const path: (string | number)[] = [];
  let at = value;
  for (const part of pointer.split("/").slice(1)) {
    const step = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(at) ? Number(step) : step);
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  }
  return path;
}

type Explain = (error: ErrorObject, path: FieldPath) => FieldProblem;

/** ajv's keyword -> our words. Everything not listed keeps ajv's own. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  additionalProperties: ({ params, parentSchema }, path) => {
    const name = String(params["additionalProperty"]);
    const known = Object.keys(parentSchema?.["properties"] ?? {});
    return { path: [...path, name], message: unknownField(name, known) };
  },
  required: ({ params }, path) => {
    return { path: [...path, String(params["missingProperty"])], message: MISSING };
  },
  type: ({ schema, data }, path) => must(path, `be ${typeName(schema)}`, data),
  enum: ({ schema, data }, path) => {
    const values: readonly unknown[] = Array.isArray(schema) ? schema : [];
    const near = nearest(String(data), values.map(String));
    const hint = near === undefined ? "" : `; ${didYouMean(near)}`;
    return must(path, `be one of ${values.join(", ")}`, data, hint);
  },
  minimum: ({ schema, data }, path) => must(path, `be at least ${schema}`, data),
  maximum: ({ schema, data }, path) => must(path, `be at most ${schema}`, data),
  minLength: ({ schema, data }, path) => must(path, `have at least ${schema} characters`, data),
  maxLength: ({ schema, data }, path) => must(path, `have at most ${schema} characters`, data),
  minItems: ({ schema, data }, path) => must(path, `have at least ${schema} items`, data),
  maxItems: ({ schema, data }, path) => {
    return { path, message: `must have at most ${schema} items: it has ${sizeOf(data)}` };
  },
  maxProperties: ({ schema, data }, path) => {
    return { path, message: `must have at most ${schema} entries: it has ${sizeOf(data)}` };
  },
  celRules: ({ message = "", data }, path) => {
    const value = typeof data === "object" ? "" : `: current value is ${shown(data)}`;
    return { path, message: `${message}${value}` };
  },
  pattern: ({ schema, data }, path) => must(path, `match ${schema}`, data),
  atMostOneOf: ({ params }, path) => {
    const [first = "", second = ""] = params["found"] as string[];
    const group = (params["group"] as string[]).join(", ");
    const message = `set together with ${quoted(first)}: at most one of ${group} may be`;
    return { path: [...path, second], message };
  },
  uniqueBy: ({ params }, path) => {
    const keys = (params["keys"] as string[]).join(" and ");
    const message = `has the ${keys} of item ${params["other"]}: each must be unique`;
    return { path: [...path, Number(params["index"])], message };
  },
};

function explain(error: ErrorObject, path: FieldPath): FieldProblem {
  const known = EXPLANATIONS[error.keyword];
  if (known !== undefined) return known(error, path);
  return {
    path,
    message: `${error.message ?? error.keyword}: current value is ${shown(error.data)}`,
  };
}

export function unknownField(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `unknown field: ${didYouMean(near)}`;
  return `unknown field: known ones are ${known.join(", ")}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "a list",
  string: "a text (quote it)",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function typeName(schema: unknown): string {
  const types = Array.isArray(schema) ? schema : [schema];
  return types.map((type) => TYPE_NAMES[String(type)] ?? String(type)).join(" or ");
}

function sizeOf(value: unknown): number {
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** YAML's `field:` without a value is null and means unset, as in Kubernetes. Lists keep their items, so paths stay true. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]));
}
