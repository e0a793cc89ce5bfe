// Who is behind an address: the workloads and services of a mesh by the pilot's registry, for commands that show traffic.
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { parseOutboundCluster } from "#pilot/translate/names.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import type { PilotClient } from "./pilot-client.ts";

/** What is read of a service of /debug/registryz. */
interface RegisteredService {
  readonly hostname: string;
  readonly namespace: string;
  readonly ports: readonly {
    readonly number: number;
    readonly endpoints: readonly { readonly address: string; readonly port: number }[];
  }[];
}

/** "reviews.default" of "reviews.default.svc.cluster.local"; other hosts are their own names. */
export const shortServiceName = (hostname: string): string =>
  hostname.replace(/\.svc\.cluster\.local$/, "");

export class MeshNames {
  readonly #workloads = new Map<string, string>();
  readonly #services = new Map<string, string>();
  /** Every way to write a service's name, and the name that we use. */
  readonly #spellings = new Map<string, string>();
  readonly #serviceNames: string[] = [];

  constructor(proxies: readonly ProxyReport[], services: readonly RegisteredService[]) {
    for (const { ipAddress, name, type } of proxies) {
      // A gateway may share its address with everybody: 127.0.0.1.
      if (type === "sidecar") this.#workloads.set(ipAddress, name);
    }
    for (const service of services) this.#addService(service);
  }

  /** The workload whose sidecar has this address. */
  workload(ip: string): string | undefined {
    return this.#workloads.get(ip);
  }

  /** The service that has an endpoint there; of several the first. */
  serviceAt(address: SocketAddress): string | undefined {
    return this.#services.get(formatSocketAddress(address));
  }

  /** The service of `outbound|9080|v1|reviews.default.svc.cluster.local`. */
  serviceOfCluster(cluster: string): string | undefined {
    const hostname = parseOutboundCluster(cluster)?.hostname;
    return hostname === undefined ? undefined : shortServiceName(hostname);
  }

  /** The service that "reviews:9080" or "reviews.default.svc.cluster.local" means; undefined when there is no such. */
  serviceNamed(authority: string): string | undefined {
    return this.#spellings.get(authority.replace(/:\d+$/, "").toLowerCase());
  }

  get serviceNames(): readonly string[] {
    return this.#serviceNames;
  }

  #addService({ hostname, namespace, ports }: RegisteredService): void {
    const name = shortServiceName(hostname);
    const first = name.split(".")[0] ?? name;
    this.#serviceNames.push(name);
    const spellings = name === hostname ? [hostname] : [hostname, name, `${name}.svc`];
    for (const spelling of spellings) this.#spellings.set(spelling.toLowerCase(), name);
    const isDefault = namespace === "default" && name !== hostname;
    if (isDefault || !this.#spellings.has(first)) this.#spellings.set(first, name);
    for (const port of ports) {
      for (const endpoint of port.endpoints) {
        const address = formatSocketAddress({ host: endpoint.address, port: endpoint.port });
        if (!this.#services.has(address)) this.#services.set(address, name);
      }
    }
  }
}

export type LoadedMesh =
  | { readonly kind: "loaded"; readonly proxies: readonly ProxyReport[]; readonly names: MeshNames }
  | { readonly kind: "failed"; readonly message: string };

/** The connected proxies, and the names around them. */
export async function loadMesh(pilot: PilotClient): Promise<LoadedMesh> {
  const [proxies, services] = await Promise.all([
    pilot.get<readonly ProxyReport[]>("/debug/syncz"),
    pilot.get<readonly RegisteredService[]>("/debug/registryz"),
  ]);
  if (proxies.kind !== "answered") return { kind: "failed", message: proxies.message };
  if (services.kind !== "answered") return { kind: "failed", message: services.message };
  const names = new MeshNames(proxies.value, services.value);
  return { kind: "loaded", proxies: proxies.value, names };
}
