// Keywords that tools/generate-crd-schemas.ts writes and JSON Schema does not have.
import type { Ajv, FuncKeywordDefinition, KeywordDefinition } from "ajv";
import { type CelRule, celRule } from "./cel.ts";

/** What ajv calls with each value; it reads `errors` when the answer is false. */
type Validate = ReturnType<NonNullable<FuncKeywordDefinition["compile"]>>;

interface CelSource {
  readonly rule: string;
  readonly message: string;
}

/** `celRules: [{rule, message}]`: rules are parsed when the first value comes by. */
const CEL_RULES: KeywordDefinition = {
  keyword: "celRules",
  schemaType: "array",
  compile(sources: readonly CelSource[]): Validate {
    let rules: readonly { readonly isKept: CelRule; readonly message: string }[] | undefined;
    const validate: Validate = (value: unknown) => {
      rules ??= sources.map(({ rule, message }) => ({ isKept: celRule(rule), message }));
      const broken = rules.filter(({ isKept }) => !isKept(value));
      validate.errors = broken.map(({ message }) => ({ keyword: "celRules", message }));
      return broken.length === 0;
    };
    return validate;
  },
};

/** `atMostOneOf: [[a, b], [c, d]]`: of each group at most one property may be there (a protobuf oneof). */
const AT_MOST_ONE_OF: KeywordDefinition = {
  keyword: "atMostOneOf",
  type: "object",
  schemaType: "array",
  compile(groups: readonly (readonly string[])[]): Validate {
    const validate: Validate = (value: Record<string, unknown>) => {
      const crowded = groups
        .map((group) => ({ group, found: group.filter((name) => value[name] !== undefined) }))
        .filter(({ found }) => found.length > 1);
      validate.errors = crowded.map((params) => ({ keyword: "atMostOneOf", params }));
      return crowded.length === 0;
    };
    return validate;
  },
};

/** `uniqueBy: [name]`: no two items of the list agree in all these properties. */
const UNIQUE_BY: KeywordDefinition = {
  keyword: "uniqueBy",
  type: "array",
  schemaType: "array",
  compile(keys: readonly string[]): Validate {
    const validate: Validate = (items: readonly Record<string, unknown>[]) => {
      const first = new Map<string, number>();
      validate.errors = [];
      items.forEach((item, index) => {
        const id = JSON.stringify(keys.map((key) => item?.[key]));
        const other = first.get(id);
        if (other === undefined) first.set(id, index);
        else validate.errors?.push({ keyword: "uniqueBy", params: { keys, index, other } });
      });
      return validate.errors.length === 0;
    };
    return validate;
  },
};

export function addKeywords(ajv: Ajv): void {
  for (const definition of [CEL_RULES, AT_MOST_ONE_OF, UNIQUE_BY]) ajv.addKeyword(definition);
}
