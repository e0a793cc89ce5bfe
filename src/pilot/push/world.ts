// One immutable world for one proxy: what the snapshot means for it, translated when somebody asks.
import type { ResourceSource } from "#xds/server/resource.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "#xds/type-url.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { clusters } from "../translate/cluster.ts";
import { endpoints } from "../translate/endpoint.ts";
import { grpcListener } from "../translate/grpc.ts";
import { listeners } from "../translate/listener/listener.ts";
import { routes } from "../translate/route/route.ts";
import { ENCODINGS, type EncodedCache, type ServedResource } from "./encoded-cache.ts";

export class World implements ResourceSource {
  readonly proxy: Proxy;
  readonly snapshot: Snapshot;
  readonly #cache: EncodedCache;
  #clusters: ReadonlyMap<string, ServedResource> | undefined;
  #listeners: ReadonlyMap<string, ServedResource> | undefined;
  readonly #named = new Map<string, ServedResource>();

  constructor(proxy: Proxy, snapshot: Snapshot, cache: EncodedCache) {
    this.proxy = proxy;
    this.snapshot = snapshot;
    this.#cache = cache;
  }

  list(typeUrl: string): Iterable<ServedResource> {
    switch (typeUrl) {
      case CLUSTER:
        return this.#allClusters().values();
      case LISTENER:
        return this.#allListeners().values();
      default:
        return []; // endpoints and routes are only ever asked for by name
    }
  }

  get(typeUrl: string, name: string): ServedResource | undefined {
    switch (typeUrl) {
      case CLUSTER:
        return this.#allClusters().get(name);
      case LISTENER:
        return this.#allListeners().get(name) ?? this.#dialled(name);
      case ENDPOINT:
        return this.#remembered(`e${name}`, () =>
          this.#cache.encode(ENCODINGS.endpoint, endpoints(this.proxy, this.snapshot, name)),
        );
      case ROUTE:
        return this.#remembered(`r${name}`, () =>
          this.#cache.encode(ENCODINGS.route, routes(this.proxy, this.snapshot, name)),
        );
      default:
        return undefined;
    }
  }

  /** After a change of endpoints alone, only what is made of the changed services' endpoints has to be looked at again. */
  changedSince(typeUrl: string, earlier: ResourceSource): Iterable<string> | undefined {
    if (typeUrl !== CLUSTER && typeUrl !== ENDPOINT) return undefined;
    if (!(earlier instanceof World) || earlier.proxy !== this.proxy) return undefined;
    const hostnames = this.snapshot.changedEndpoints(earlier.snapshot);
    if (hostnames === undefined) return undefined;
    const names: string[] = [];
    for (const name of this.#allClusters().keys()) {
      const hostname = name.slice(name.lastIndexOf("|") + 1); // outbound|9080|v1|<host name>
      if (hostnames.has(hostname)) names.push(name);
    }
    // Which clusters a proxy has inbound depends on the instances too: some may have come, some gone.
    for (const world of [this, earlier]) {
      for (const name of world.#allClusters().keys())
        if (name.startsWith("inbound|")) names.push(name);
    }
    return names;
  }

  /** A gRPC client asks for the listener by whatever name its program dials. */
  #dialled(name: string): ServedResource | undefined {
    if (this.proxy.type !== "grpc") return undefined;
    const translated = grpcListener(this.proxy, this.snapshot, name);
    return translated && this.#cache.encode(ENCODINGS.listener, translated);
  }

  #remembered(key: string, make: () => ServedResource): ServedResource {
    const found = this.#named.get(key);
    if (found !== undefined) return found;
    const made = make();
    this.#named.set(key, made);
    return made;
  }

  #allClusters(): ReadonlyMap<string, ServedResource> {
    this.#clusters ??= new Map(
      clusters(this.proxy, this.snapshot).map((translated) => [
        translated.name,
        this.#cache.encode(ENCODINGS.cluster, translated),
      ]),
    );
    return this.#clusters;
  }

  #allListeners(): ReadonlyMap<string, ServedResource> {
    this.#listeners ??= new Map(
      listeners(this.proxy, this.snapshot).map((translated) => [
        translated.name,
        this.#cache.encode(ENCODINGS.listener, translated),
      ]),
    );
    return this.#listeners;
  }
}
