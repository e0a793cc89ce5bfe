// Objects that choose proxies by labels: Sidecars and Gateways.
import { type Labels, selects } from "./labels.ts";
import type { ConfigObject } from "./object.ts";

type Gateway = ConfigObject<"Gateway">;
type Sidecar = ConfigObject<"Sidecar">;

export class GatewayIndex {
  readonly objects: readonly Gateway[];

  constructor(objects: readonly Gateway[]) {
    this.objects = objects;
  }

  /** Gateways of every namespace whose selector fits, oldest first; one without a selector is for every router. */
  select(labels: Labels): readonly Gateway[] {
    return this.objects.filter((gateway) => selects(gateway.spec.selector, labels));
  }
}

export class SidecarIndex {
  readonly objects: readonly Sidecar[];
  readonly #rootNamespace: string;
  readonly #byNamespace: ReadonlyMap<string, readonly Sidecar[]>;

  constructor(objects: readonly Sidecar[], rootNamespace: string) {
    this.objects = objects;
    this.#rootNamespace = rootNamespace;
    this.#byNamespace = Map.groupBy(objects, (sidecar) => sidecar.namespace);
  }

  /** One that selects the workload, then the namespace's, then the root namespace's; the oldest of each. */
  select(namespace: string, labels: Labels): Sidecar | undefined {
    const own = this.#byNamespace.get(namespace) ?? [];
    return (
      own.find(({ spec }) => {
        return spec.workloadSelector !== undefined && selects(spec.workloadSelector.labels, labels);
      }) ??
      own.find(isGeneral) ??
      this.#byNamespace.get(this.#rootNamespace)?.find(isGeneral)
    );
  }
}

function isGeneral(sidecar: Sidecar): boolean {
  return Object.keys(sidecar.spec.workloadSelector?.labels ?? {}).length === 0;
}
