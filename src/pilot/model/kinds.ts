// How Kubernetes' API and its tools name our kinds: plurals in paths, short names on command lines.
import type { Kind } from "./object.ts";

export interface KindNames {
  readonly kind: Kind;
  /** In paths: /apis/networking.istio.io/v1/virtualservices. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
}

/** Names of Istio's CustomResourceDefinitions, in the order in which people ask for them. */
export const KIND_NAMES: readonly KindNames[] = [
  names("VirtualService", "virtualservices", "vs"),
  names("DestinationRule", "destinationrules", "dr"),
  names("Gateway", "gateways", "gw"),
  names("ServiceEntry", "serviceentries", "se"),
  names("Sidecar", "sidecars"),
  names("WorkloadEntry", "workloadentries", "we"),
  names("WorkloadGroup", "workloadgroups", "wg"),
];

function names(kind: Kind, plural: string, ...shortNames: readonly string[]): KindNames {
  return { kind, plural, singular: kind.toLowerCase(), shortNames };
}

export const API_GROUP = "networking.istio.io";

/** Every version that is read; all hold the same fields, the first is the one to write. */
export const API_VERSIONS: readonly string[] = ["v1", "v1beta1", "v1alpha3"];

export function namesOf(kind: Kind): KindNames {
  const found = KIND_NAMES.find((known) => known.kind === kind);
  // The table has a line for each kind: a test holds it to that.
  return found ?? names(kind, `${kind.toLowerCase()}s`);
}
