// EDS: assignments for the clusters that want them; what is asked for follows the cluster manager.
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { ENDPOINT } from "#xds/type-url.ts";
import type { EndpointsConfig } from "../config/cluster-config.ts";
import { parseEndpoints } from "../config/parse-endpoints.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import { EDS } from "../stats/schema/eds.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { type Reader, readResources, verdictOf } from "./read-resources.ts";
import type { Subscription, SubscriptionPorts, SubscriptionStream } from "./subscription.ts";
import { versionNumber } from "./subscription-stats.ts";
import type { ClusterTarget } from "./targets.ts";

const READER: Reader<typeof ClusterLoadAssignmentSchema, EndpointsConfig> = {
  schema: ClusterLoadAssignmentSchema,
  nameOf: (message) => message.clusterName,
  parse: parseEndpoints,
};

export class EndpointSubscription implements Subscription {
  readonly #clusters: ClusterTarget;
  readonly #stream: SubscriptionStream;
  readonly #ports: SubscriptionPorts;
  #wanted: ReadonlySet<string> = new Set();
  /** The last accepted assignments, for /config_dump?include_eds. */
  readonly assignments: Map<string, ClusterLoadAssignment> = new Map();

  constructor(ports: SubscriptionPorts, clusters: ClusterTarget, stream: SubscriptionStream) {
    this.#ports = ports;
    this.#clusters = clusters;
    this.#stream = stream;
  }

  /** Asks for what clusters want now and did not before, and no more for what none wants. */
  reconcile(): void {
    const wanted = new Set(this.#clusters.edsNames());
    const added = [...wanted].filter((name) => !this.#wanted.has(name));
    const removed = [...this.#wanted].filter((name) => !wanted.has(name));
    this.#wanted = wanted;
    for (const name of removed) this.assignments.delete(name);
    this.#stream.unsubscribe(ENDPOINT, removed);
    this.#stream.subscribe(ENDPOINT, added);
  }

  handleUpdate(update: ResourceUpdate): Verdict {
    const { good, bad } = readResources(update, READER);
    const clusters = this.#clustersByService();
    // Nobody asked for it: ignored quietly, be it good or bad.
    const badWanted = bad.filter(({ name }) => name === "" || this.#wanted.has(name));
    const verdict = verdictOf("endpoint assignment(s)", badWanted);
    for (const { name, config, message, version } of good) {
      if (!this.#wanted.has(name)) continue;
      this.assignments.set(name, message);
      for (const cluster of clusters.get(name) ?? []) this.#count(cluster, version);
      this.#clusters.updateEndpoints(config);
    }
    for (const { name } of badWanted) {
      for (const cluster of clusters.get(name) ?? []) this.#countRejected(cluster);
    }
    for (const name of update.removed) {
      this.assignments.delete(name);
      if (this.#wanted.has(name)) this.#clusters.removeEndpoints(name);
    }
    return verdict;
  }

  handleConnectionFailure(): void {
    for (const clusters of this.#clustersByService().values()) {
      for (const cluster of clusters) cluster.stats.inc(CLUSTER.update_failure);
    }
  }

  #clustersByService(): Map<string, Cluster[]> {
    const byService = new Map<string, Cluster[]>();
    const add = (cluster: Cluster): void => {
      const { discovery } = cluster.config;
      if (discovery.kind !== "eds") return;
      const clusters = byService.get(discovery.serviceName);
      if (clusters === undefined) byService.set(discovery.serviceName, [cluster]);
      else clusters.push(cluster);
    };
    for (const cluster of this.#clusters.clusters()) add(cluster);
    for (const cluster of this.#clusters.warmingClusters()) add(cluster);
    return byService;
  }

  /** update_success is counted where the assignment is used. */
  #count(cluster: Cluster, version: string): void {
    const prefix = `cluster.${cluster.config.statName}.`;
    const block = this.#ports.stats.block(prefix, EDS);
    cluster.stats.inc(CLUSTER.update_attempt);
    cluster.stats.set(CLUSTER.version, versionNumber(version));
    block.set(EDS.update_time, Math.round(this.#ports.clock.wallMs()));
    this.#ports.stats.text(`${prefix}version_text`).set(version);
  }

  #countRejected(cluster: Cluster): void {
    const block = this.#ports.stats.block(`cluster.${cluster.config.statName}.`, EDS);
    cluster.stats.inc(CLUSTER.update_attempt);
    block.inc(EDS.update_rejected);
  }
}
