// What the fields of an object mean together: the rules of Istio's validating webhook that no schema can say.
import type { Kind, Specs } from "../../model/object.ts";
import type { FieldProblem } from "./field-problem.ts";

export interface ObjectHead {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

export function semanticProblems(_head: ObjectHead, _spec: Specs[Kind]): readonly FieldProblem[] {
  return [];
}
