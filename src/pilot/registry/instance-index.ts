// Workload instances by namespace and label, so that a selector looks only at those that share its rarest label.
import type { Labels } from "../model/labels.ts";
import type { WorkloadInstance } from "./workload-instance.ts";

export class InstanceIndex {
  readonly #instances: readonly WorkloadInstance[];
  #buckets: Map<string, WorkloadInstance[]> | undefined;

  constructor(instances: readonly WorkloadInstance[]) {
    this.#instances = instances;
  }

  /** A list that holds every instance of `namespace` that `selector` fits; the caller checks each. */
  candidates(namespace: string, selector: Labels): readonly WorkloadInstance[] {
    this.#buckets ??= bucketsOf(this.#instances);
    let smallest = this.#buckets.get(namespaceKey(namespace)) ?? [];
    for (const [name, value] of Object.entries(selector)) {
      const bucket = this.#buckets.get(labelKey(namespace, name, value)) ?? [];
      if (bucket.length < smallest.length) smallest = bucket;
    }
    return smallest;
  }
}

function bucketsOf(instances: readonly WorkloadInstance[]): Map<string, WorkloadInstance[]> {
  const buckets = new Map<string, WorkloadInstance[]>();
  const put = (key: string, instance: WorkloadInstance): void => {
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [instance]);
    else bucket.push(instance);
  };
  for (const instance of instances) {
    put(namespaceKey(instance.namespace), instance);
    for (const [name, value] of Object.entries(instance.labels)) {
      put(labelKey(instance.namespace, name, value), instance);
    }
  }
  return buckets;
}

// Spaces stand in no namespace and no label, so the parts cannot run together.
const namespaceKey = (namespace: string): string => namespace;
const labelKey = (namespace: string, name: string, value: string): string =>
  `${namespace} ${name} ${value}`;
