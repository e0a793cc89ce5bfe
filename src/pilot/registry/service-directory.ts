// All services of the mesh, found by host and by who may see them.
import type { Service } from "../model/service.ts";
import { isVisibleTo } from "../model/visibility.ts";

/** Services by name. The same object as long as no service changed, whatever their endpoints did. */
export class ServiceDirectory {
  /** By hostname, then namespace. */
  readonly services: readonly Service[];
  readonly #byHost = new Map<string, Service[]>();
  readonly #byNamespace: ReadonlyMap<string, readonly Service[]>;
  readonly #visible = new Map<string, readonly Service[]>();

  constructor(services: readonly Service[]) {
    this.services = services;
    this.#byNamespace = Map.groupBy(services, (service) => service.namespace);
    for (const service of services) {
      const same = this.#byHost.get(service.hostname);
      if (same === undefined) this.#byHost.set(service.hostname, [service]);
      else same.push(service);
    }
  }

  /** The service of that exact host that `fromNamespace` means: its own, else the first visible by namespace, as Istio picks. */
  find(hostname: string, fromNamespace: string): Service | undefined {
    const candidates = this.#byHost.get(hostname);
    return (
      candidates?.find((service) => service.namespace === fromNamespace) ??
      candidates?.find((service) => isVisibleTo(service.exportTo, fromNamespace))
    );
  }

  inNamespace(namespace: string): readonly Service[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  visibleTo(namespace: string): readonly Service[] {
    const known = this.#visible.get(namespace);
    if (known !== undefined) return known;
    const visible = this.services.filter((service) => isVisibleTo(service.exportTo, namespace));
    this.#visible.set(namespace, visible);
    return visible;
  }
}
