// The CEL rules of Istio's CustomResourceDefinitions (x-kubernetes-validations). Each is parsed when first needed.
import { Environment } from "@marcbachmann/cel-js";

/** Whether a value keeps a rule; a value that the rule cannot be asked about (no duration, say) does not. */
export type CelRule = (self: unknown) => boolean;

let environment: Environment | undefined;
const parsed = new Map<string, CelRule>();

/** `source` is ours, never a user's: a rule that does not parse is a bug and throws. */
export function celRule(source: string): CelRule {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  environment ??= new Environment({ unlistedVariablesAreDyn: true });
  const evaluate = environment.parse(source);
  const rule: CelRule = (self) => {
    try {
      return evaluate({ self }) === true;
    } catch {
      return false;
    }
  };
  parsed.set(source, rule);
  return rule;
}
