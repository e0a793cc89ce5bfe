// What the fields of an object mean together: the rules of Istio's validating webhook that no schema can say, and warnings
// about what is allowed but does not do what it seems to.
import type { Kind, Specs } from "../../model/object.ts";
import { Field } from "./field.ts";
import type { FieldProblem } from "./field-problem.ts";
import { checkDestinationRule } from "./rules/destination-rule.ts";
import { checkGateway } from "./rules/gateway.ts";
import { checkServiceEntry } from "./rules/service-entry.ts";
import { checkSidecar } from "./rules/sidecar.ts";
import { checkVirtualService } from "./rules/virtual-service.ts";
import { checkWorkloadEntry, checkWorkloadGroup } from "./rules/workload.ts";
import { WARNINGS } from "./warnings/warnings.ts";

type Checks = {
  readonly [K in Kind]: (spec: Specs[K], namespace: string, field: Field) => void;
};

const CHECKS: Checks = {
  DestinationRule: checkDestinationRule,
  Gateway: (spec, _namespace, field) => checkGateway(spec, field),
  ServiceEntry: checkServiceEntry,
  Sidecar: (spec, _namespace, field) => checkSidecar(spec, field),
  VirtualService: checkVirtualService,
  WorkloadEntry: (spec, _namespace, field) => checkWorkloadEntry(spec, field),
  WorkloadGroup: (spec, _namespace, field) => checkWorkloadGroup(spec, field),
};

/** `raw` is the spec as it was written: it tells a 0 from a field that is not there. */
export function semanticProblems<K extends Kind>(
  kind: K,
  namespace: string,
  spec: Specs[K],
  raw: unknown,
): readonly FieldProblem[] {
  const field = new Field(["spec"]);
  CHECKS[kind](spec, namespace, field);
  const named: FieldProblem[] = [];
  for (const warning of WARNINGS[kind]) {
    const own = new Field(["spec"]);
    warning.check(spec, own, raw);
    for (const problem of own.problems) named.push({ ...problem, rule: warning.name });
  }
  return [...field.problems, ...named];
}
