// One running instance of a workload, whoever reported it: a WorkloadEntry, or a sidecar that registered itself.
import { memoized } from "../model/memo.ts";
import type { ConfigObject } from "../model/object.ts";
import type { EndpointHealth, Locality } from "../model/service.ts";
import { parseLocality } from "../model/service.ts";

export interface WorkloadInstance {
  readonly namespace: string;
  readonly name: string;
  /** IP, host name or "unix:///path". */
  readonly address: string;
  /** Service port name -> port at the address; ports that are not named use the service's target port. */
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: Locality;
  /** 0 is "unset": counts as 1. */
  readonly weight: number;
  readonly network: string;
  readonly serviceAccount: string;
  readonly health: EndpointHealth;
}

/** Labels that Istio reads a locality from when the locality field is empty, the first first; dots may stand for the slashes. */
const LOCALITY_LABELS = ["topology.istio.io/locality", "istio-locality"];

/** A WorkloadEntry object as an instance, one for each object: labels of its metadata win over those of its spec. */
export const instanceOf: (entry: ConfigObject<"WorkloadEntry">) => WorkloadInstance = memoized(
  (entry) => {
    const { spec } = entry;
    const labels = { ...spec.labels, ...entry.labels };
    return {
      namespace: entry.namespace,
      name: entry.name,
      address: spec.address,
      ports: spec.ports,
      labels,
      locality: localityOf(spec.locality, labels),
      weight: spec.weight,
      network: spec.network,
      serviceAccount: spec.serviceAccount,
      health: "healthy",
    };
  },
);

/** The locality field, else a locality label ("region.zone.subzone"). */
export function localityOf(field: string, labels: Readonly<Record<string, string>>): Locality {
  if (field !== "") return parseLocality(field);
  const label = LOCALITY_LABELS.map((name) => labels[name]).find(Boolean) ?? "";
  return parseLocality(label.includes("/") ? label : label.replaceAll(".", "/"));
}
