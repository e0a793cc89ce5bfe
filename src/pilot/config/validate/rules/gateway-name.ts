// Names of gateways in a VirtualService.
import type { Field } from "../field.ts";
import { isDnsLabel } from "../names.ts";

/** "mesh", "name", "namespace/name", or Istio's old "name.namespace.svc.cluster.local". */
export function checkGatewayName(name: string, field: Field): void {
  const [namespace = "", gateway, ...rest] = name.split("/");
  if (gateway !== undefined) {
    const isName = (namespace === "." || isDnsLabel(namespace)) && isDnsLabel(gateway);
    if (rest.length > 0 || !isName) field.must('be "name" or "namespace/name"', name);
    return;
  }
  const labels = namespace.split(".");
  if (!labels.every(isDnsLabel)) field.must('be "name" or "namespace/name"', name);
  else if (labels.length > 1)
    field.warn(`${JSON.stringify(name)} is Istio's old form: write "${labels[1]}/${labels[0]}"`);
}
