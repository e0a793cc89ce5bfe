// VirtualServices as translation reads them: names in full, delegates put in their roots, and who may see each.
import { clone } from "@bufbuild/protobuf";
import {
  type HTTPRoute,
  VirtualServiceSchema,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { FieldPath } from "#base/field-path.ts";
import { mergeRoute } from "./delegate-route.ts";
import { resolveGateway, resolveHost } from "./hostname.ts";
import { memoized, sameItems } from "./memo.ts";
import {
  type ConfigObject,
  objectKey,
  objectName,
  type Problem,
  type SourcePosition,
  type WrittenField,
  warningAt,
  withSpec,
} from "./object.ts";
import { isVisibleTo, visibilityOf } from "./visibility.ts";

type Virtual = ConfigObject<"VirtualService">;

/** A root with what was put in it. */
interface Merge {
  readonly object: Virtual;
  /** The root, then its delegates. */
  readonly parts: readonly Virtual[];
  readonly problems: readonly Problem[];
}

export class VirtualServiceIndex {
  /** As they were given: roots and delegates, oldest first. */
  readonly objects: readonly Virtual[];
  /** Roots, delegates merged in, oldest first. */
  readonly merged: readonly Virtual[];
  readonly problems: readonly Problem[];
  readonly #merges: readonly Merge[];
  readonly #visible = new Map<string, readonly Virtual[]>();

  /** Merged objects whose parts did not change since `previous` keep their identity. */
  constructor(objects: readonly Virtual[], previous: VirtualServiceIndex | undefined) {
    this.objects = objects;
    const before = new Map<Virtual | undefined, Merge>();
    for (const merge of previous === undefined ? [] : previous.#merges) {
      before.set(merge.parts[0], merge);
    }
    const delegates = new Map(objects.filter(isDelegate).map((one) => [objectKey(one), one]));
    this.#merges = objects
      .filter((object) => !isDelegate(object))
      .map((root) => {
        const parts = partsOf(root, delegates);
        const known = before.get(root);
        return known !== undefined && sameItems(known.parts, parts)
          ? known
          : mergeDelegates(root, parts, delegates);
      });
    this.merged = this.#merges.map((merge) => merge.object);
    this.problems = this.#merges.flatMap((merge) => merge.problems);
  }

  visibleTo(namespace: string): readonly Virtual[] {
    const known = this.#visible.get(namespace);
    if (known !== undefined) return known;
    const visible = this.merged.filter((object) => isVisible(object, namespace));
    this.#visible.set(namespace, visible);
    return visible;
  }
}

function isVisible(object: Virtual, namespace: string): boolean {
  return isVisibleTo(visibilityOf(object.spec.exportTo, object.namespace), namespace);
}

/** A VirtualService without hosts only lends its routes to others. */
function isDelegate(object: Virtual): boolean {
  return object.spec.hosts.length === 0;
}

/** Hosts, destinations and gateways in full, relative to the object's own namespace; one result for each object. */
const withFullNames: (object: Virtual) => Virtual = memoized((object) => {
  const { namespace } = object;
  const spec = clone(VirtualServiceSchema, object.spec);
  spec.hosts = spec.hosts.map((host) => resolveHost(host, namespace));
  spec.gateways = spec.gateways.map((gateway) => resolveGateway(gateway, namespace));
  for (const route of [...spec.http, ...spec.tcp, ...spec.tls]) {
    for (const match of route.match) {
      match.gateways = match.gateways.map((gateway) => resolveGateway(gateway, namespace));
    }
    for (const { destination } of route.route) resolveIn(destination, namespace);
  }
  for (const route of spec.http) {
    resolveIn(route.mirror, namespace);
    for (const { destination } of route.mirrors) resolveIn(destination, namespace);
  }
  return withSpec(object, { spec });
});

function resolveIn(destination: { host: string } | undefined, namespace: string): void {
  if (destination !== undefined) destination.host = resolveHost(destination.host, namespace);
}

/** The delegate that an http route names, by key; undefined when it names none. */
function delegateKey(route: HTTPRoute, root: Virtual): string | undefined {
  if (route.delegate === undefined) return undefined;
  const { name, namespace } = route.delegate;
  return objectKey({ kind: "VirtualService", namespace: namespace || root.namespace, name });
}

function partsOf(root: Virtual, delegates: ReadonlyMap<string, Virtual>): Virtual[] {
  const named = root.spec.http.map((route) => delegates.get(delegateKey(route, root) ?? ""));
  return [root, ...named.filter((delegate) => delegate !== undefined)];
}

/** One http route of the merged list, and where it stands. */
interface PlacedRoute {
  readonly route: HTTPRoute;
  readonly owner: Virtual;
  readonly index: number;
}

/** Replaces each route that delegates by the delegate's routes, one level deep; what cannot be is left out and reported. */
function mergeDelegates(
  root: Virtual,
  parts: readonly Virtual[],
  delegates: ReadonlyMap<string, Virtual>,
): Merge {
  const full = withFullNames(root);
  if (!root.spec.http.some((route) => route.delegate !== undefined)) {
    return { object: full, parts, problems: [] };
  }
  const problems: Problem[] = [];
  const placed: PlacedRoute[] = [];
  full.spec.http.forEach((route, index) => {
    const key = delegateKey(route, root);
    if (key === undefined) {
      placed.push({ route, owner: root, index });
      return;
    }
    const delegate = delegates.get(key);
    const refusal = refusalOf(delegate, root, key);
    if (delegate === undefined || refusal !== undefined) {
      problems.push(warningAt(root, ["spec", "http", index, "delegate"], refusal ?? ""));
      return;
    }
    placed.push(...delegatedRoutes(route, root, delegate, problems));
  });
  const spec = { ...full.spec, http: placed.map(({ route }) => route) };
  const mergedFrom = [...new Set(parts.slice(1).map(objectKey))];
  const writtenAt = (path: FieldPath): WrittenField => writtenIn(root, placed, path);
  const positionOf = (path: FieldPath): SourcePosition => {
    const written = writtenAt(path);
    return written.object.positionOf(written.path);
  };
  return { object: withSpec(root, { spec, mergedFrom, positionOf, writtenAt }), parts, problems };
}

function refusalOf(delegate: Virtual | undefined, root: Virtual, key: string): string | undefined {
  const name = key.slice(key.indexOf("/") + 1);
  if (delegate === undefined) {
    return `delegate "${name}" does not exist (a VirtualService without hosts): this route is not used; create it or correct the name`;
  }
  if (isVisible(delegate, root.namespace)) return undefined;
  return `delegate "${name}" is not exported to namespace "${root.namespace}": this route is not used; add "${root.namespace}" to its exportTo`;
}

function delegatedRoutes(
  rootRoute: HTTPRoute,
  root: Virtual,
  delegate: Virtual,
  problems: Problem[],
): PlacedRoute[] {
  const placed: PlacedRoute[] = [];
  withFullNames(delegate).spec.http.forEach((route, index) => {
    const merged = route.delegate === undefined ? mergeRoute(rootRoute, route) : undefined;
    if (merged !== undefined) {
      placed.push({ route: merged, owner: delegate, index });
      return;
    }
    const message =
      route.delegate === undefined
        ? `match is not within the match of the route in ${objectName(root)} that delegates to it: this route is not used there; narrow it`
        : "a delegate cannot delegate again: this route is not used; name the last delegate in the root";
    const field = route.delegate === undefined ? "match" : "delegate";
    problems.push(warningAt(delegate, ["spec", "http", index, field], message));
  });
  return placed;
}

/** `spec.http[i]` of the merged list stands where that route was written. */
function writtenIn(root: Virtual, placed: readonly PlacedRoute[], path: FieldPath): WrittenField {
  const [spec, http, index, ...rest] = path;
  const route = typeof index === "number" ? placed[index] : undefined;
  if (spec !== "spec" || http !== "http" || route === undefined) return { object: root, path };
  return { object: route.owner, path: ["spec", "http", route.index, ...rest] };
}
