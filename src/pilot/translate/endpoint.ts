// EDS: the endpoints of one cluster as one proxy sees them.
import { create } from "@bufbuild/protobuf";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Subset } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MeshSettings } from "../model/mesh-settings.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Service, ServiceEndpoint, ServicePort } from "../model/service.ts";
import type { MergedDestinationRule, Snapshot } from "../model/snapshot.ts";
import { SharedResults } from "./cache.ts";
import { type EffectivePolicy, effectivePolicy, subsetNamed } from "./cluster/traffic-policy.ts";
import { byLocality, ClusterEndpoints, eligible, localityText } from "./endpoint/assignment.ts";
import { type Viewer, withLocality } from "./endpoint/locality.ts";
import { effectiveLocality } from "./endpoint/locality-settings.ts";
import { meshOf } from "./mesh.ts";
import { parseOutboundCluster } from "./names.ts";
import { ruleFor, scopeOf } from "./scope.ts";
import { Sources, type Translated } from "./translated.ts";

const ASSIGNMENTS = new SharedResults<Translated<ClusterLoadAssignment>>();

/**
 * The assignment of `clusterName`; an empty one of that name when no such cluster, subset or port exists, so that no
 * proxy waits for ever. Shared between proxies that see localities alike.
 */
export function endpoints(
  proxy: Proxy,
  snapshot: Snapshot,
  clusterName: string,
): Translated<ClusterLoadAssignment> {
  const name = parseOutboundCluster(clusterName);
  const scoped =
    name === undefined ? undefined : scopeOf(proxy, snapshot).byHost.get(name.hostname);
  const port = scoped?.ports.find(({ number }) => number === name?.port);
  if (name === undefined || scoped === undefined || port === undefined) return empty(clusterName);
  const { service } = scoped;
  const rule = ruleFor(service, proxy, snapshot);
  const subset = subsetNamed(rule, name.subset);
  if (name.subset !== "" && subset === undefined) return empty(clusterName);
  const mesh = meshOf(snapshot);
  const all = snapshot.endpoints(service, port);
  const policy = effectivePolicy(rule, port.number, subset);
  const key = `${clusterName} ${viewerKey(proxy, policy, mesh)}`;
  return ASSIGNMENTS.get(all, [service, rule, mesh], key, () => {
    const message = clusterEndpoints(all, port, subset, policy, mesh, proxy).assignment(
      clusterName,
    );
    return { name: clusterName, message, sources: sourcesOf(service, rule) };
  });
}

/** What an EDS assignment, or a DNS cluster that carries its endpoints, is made of. */
export function clusterEndpoints(
  all: readonly ServiceEndpoint[],
  port: ServicePort,
  subset: Subset | undefined,
  policy: EffectivePolicy,
  mesh: MeshSettings,
  viewer: Viewer,
): ClusterEndpoints {
  const groups = byLocality(eligible(all, subset?.labels));
  const settings = effectiveLocality(policy.loadBalancer, mesh);
  const hasOutlierDetection = policy.outlierDetection !== undefined;
  return new ClusterEndpoints(withLocality(groups, viewer, settings, hasOutlierDetection), port);
}

/** The part of a proxy that its endpoints depend on; "" when localities do not matter, which is the usual case. */
export function viewerKey(viewer: Viewer, policy: EffectivePolicy, mesh: MeshSettings): string {
  const settings = effectiveLocality(policy.loadBalancer, mesh);
  if (settings === undefined) return "";
  if (settings.kind === "locality") {
    const isUsed = settings.value.distribute.length > 0 || policy.outlierDetection !== undefined;
    if (!isUsed) return "";
  }
  const labels = settings.value.failoverPriority.map(
    (text) => viewer.labels[text.split("=", 1)[0] ?? ""] ?? null,
  );
  return JSON.stringify([
    localityText(viewer.locality),
    Object.keys(viewer.labels).length > 0,
    labels,
  ]);
}

function empty(clusterName: string): Translated<ClusterLoadAssignment> {
  return {
    name: clusterName,
    message: create(ClusterLoadAssignmentSchema, { clusterName }),
    sources: [],
  };
}

function sourcesOf(service: Service, rule: MergedDestinationRule | undefined): readonly string[] {
  const sources = new Sources();
  sources.service(service);
  sources.destinationRule(rule);
  return sources.list();
}
