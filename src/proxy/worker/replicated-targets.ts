// Where worker 0's loader puts what it has accepted: into its own clusters, routes and listeners, and to all other workers.
//
// Sent before it is applied, because applying may set off the next thing (a warm cluster the listeners, a route table a
// listener) and the others must hear of both in that order. A listener is sent after: only worker 0 may refuse it, for a port that
// is taken, and only then is the port known.
import { toBinary } from "@bufbuild/protobuf";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import type { SocketAddress, SocketError } from "#base/net.ts";
import type { ClusterConfig, EndpointsConfig } from "../config/cluster-config.ts";
import type { ListenerConfig } from "../config/listener-config.ts";
import type { RouteConfig } from "../config/route-config.ts";
import type { RouteSource } from "../route/route-store.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { ClusterManagerListener, ClusterUpdateOutcome } from "../upstream/cluster-manager.ts";
import { createSharedCounts } from "../upstream/resource-count.ts";
import type { ListenerTarget } from "../xds-client/listener-subscription.ts";
import type { ClusterTarget, ResourceTargets, RouteTarget } from "../xds-client/targets.ts";
import type { WorkerOrder } from "./messages.ts";

type Post = (order: WorkerOrder) => void;

/** Worker 0's own, and where each of its listeners really listens. */
export interface OwnTargets extends ResourceTargets {
  readonly listeners: ListenerTarget & { addressOf(name: string): SocketAddress | undefined };
}

export function replicateTargets(own: OwnTargets, post: Post): ResourceTargets {
  return {
    clusters: new ReplicatedClusters(own.clusters, post),
    routes: new ReplicatedRoutes(own.routes, post),
    listeners: {
      update: (config) => updateListener(own.listeners, post, config),
      remove: (name) => {
        post({ kind: "removeListener", name });
        own.listeners.remove(name);
      },
    },
  };
}

function updateListener(
  own: OwnTargets["listeners"],
  post: Post,
  config: ListenerConfig,
): SocketError | undefined {
  const error = own.update(config);
  if (error !== undefined) return error;
  const body = toBinary(ListenerSchema, config.message);
  const port = own.addressOf(config.name)?.port ?? config.address.port;
  post({ kind: "updateListener", addedViaApi: config.addedViaApi, body, port });
  return undefined;
}

class ReplicatedClusters implements ClusterTarget {
  readonly #own: ClusterTarget;
  readonly #post: Post;
  /** Hashes of what was sent last, by name: an update that repeats a cluster costs the others nothing. */
  readonly #sent = new Map<string, string>();

  constructor(own: ClusterTarget, post: Post) {
    this.#own = own;
    this.#post = post;
  }

  update(config: ClusterConfig): ClusterUpdateOutcome {
    const { addedViaApi, hash, message, name } = config;
    if (this.#sent.get(name) === hash) return this.#own.update(config);
    this.#sent.set(name, hash);
    const counts = createSharedCounts();
    const body = toBinary(ClusterSchema, message);
    this.#post({ kind: "updateCluster", addedViaApi, body, counts });
    return this.#own.update(config, counts);
  }

  remove(name: string): boolean {
    this.#sent.delete(name);
    this.#post({ kind: "removeCluster", name });
    return this.#own.remove(name);
  }

  updateEndpoints(endpoints: EndpointsConfig): void {
    this.#post({ kind: "updateEndpoints", endpoints });
    this.#own.updateEndpoints(endpoints);
  }

  removeEndpoints(serviceName: string): void {
    this.#post({ kind: "removeEndpoints", serviceName });
    this.#own.removeEndpoints(serviceName);
  }

  clusters(): readonly Cluster[] {
    return this.#own.clusters();
  }

  warmingClusters(): readonly Cluster[] {
    return this.#own.warmingClusters();
  }

  edsNames(): readonly string[] {
    return this.#own.edsNames();
  }

  addListener(listener: ClusterManagerListener): { close(): void } {
    return this.#own.addListener(listener);
  }

  whenWarm(callback: () => void): void {
    this.#own.whenWarm(callback);
  }
}

class ReplicatedRoutes implements RouteTarget {
  readonly #own: RouteTarget;
  readonly #post: Post;

  constructor(own: RouteTarget, post: Post) {
    this.#own = own;
    this.#post = post;
  }

  source(name: string): RouteSource {
    return this.#own.source(name);
  }

  update(config: RouteConfig): void {
    if (this.#own.source(config.name).table?.config.hash !== config.hash) {
      const body = toBinary(RouteConfigurationSchema, config.message);
      this.#post({ kind: "updateRoutes", body });
    }
    this.#own.update(config);
  }

  remove(name: string): void {
    this.#post({ kind: "removeRoutes", name });
    this.#own.remove(name);
  }
}
