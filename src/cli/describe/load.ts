// Everything that the pilot knows of one object or one service, asked for page by page.

import { nearest } from "#base/nearest.ts";
import type {
  DescribedObject,
  DescribedProblem,
  DescribedService,
} from "#pilot/api/debug-pages.ts";
import type { ObjectJson } from "#pilot/api/object-json.ts";
import { hostsMatch, MESH_GATEWAY, resolveHost } from "#pilot/model/hostname.ts";
import { namesOf } from "#pilot/model/kinds.ts";
import { selects } from "#pilot/model/labels.ts";
import { type Kind, objectKey, objectName, type SourcePosition } from "#pilot/model/object.ts";
import type { Liveness } from "#pilot/push/liveness.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import type { PilotAnswer, PilotClient } from "../client/pilot-client.ts";
import { whyNoObject } from "../config/missing-object.ts";
import { ObjectClient, type ObjectName } from "../config/object-client.ts";
import { isService } from "../get/mesh.ts";
import { destinationHosts } from "./route-facts.ts";

/** `-o json` of `describe KIND NAME`. */
export interface ObjectDescription {
  readonly object: ObjectJson;
  readonly source: SourcePosition | undefined;
  readonly liveness: Liveness | undefined;
  readonly problems: readonly DescribedProblem[];
}

export interface SubsetDescription {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the service, with these labels. */
  readonly endpoints: number;
}

/** `-o json` of `describe service NAME`. */
export interface ServiceDescription {
  readonly service: DescribedService;
  readonly destinationRules: readonly (ObjectDescription & {
    readonly subsets: readonly SubsetDescription[];
  })[];
  /** Those for its host first, then those of other hosts that send requests to it. */
  readonly virtualServices: readonly (ObjectDescription & { readonly isForHost: boolean })[];
}

export type Loaded<T> =
  | { readonly kind: "loaded"; readonly value: T }
  | { readonly kind: "failed"; readonly message: string };

const failed = (
  answer: Exclude<PilotAnswer<unknown>, { readonly kind: "answered" }>,
): { readonly kind: "failed"; readonly message: string } => ({
  kind: "failed",
  message: answer.message,
});

export async function loadObject(
  pilot: PilotClient,
  name: ObjectName,
): Promise<Loaded<ObjectDescription>> {
  const client = new ObjectClient(pilot);
  const answer = await client.read(name);
  if (answer.kind !== "answered") {
    return { kind: "failed", message: await whyNoObject(client, name, answer) };
  }
  const [described] = await describeAll(pilot, [answer.value]);
  return described === undefined
    ? { kind: "failed", message: "it is gone" }
    : { kind: "loaded", value: described };
}

async function describeAll(
  pilot: PilotClient,
  objects: readonly ObjectJson[],
): Promise<readonly ObjectDescription[]> {
  const [sources, problems] = await Promise.all([
    pilot.get<readonly DescribedObject[]>("/debug/configz"),
    pilot.get<readonly DescribedProblem[]>("/debug/problemz"),
  ]);
  const client = new ObjectClient(pilot);
  return Promise.all(
    objects.map(async (object): Promise<ObjectDescription> => {
      const { kind, metadata } = object;
      const named = { kind, namespace: metadata.namespace, name: metadata.name };
      const key = objectKey(named);
      const liveness = await client.liveness(key, true);
      const known = sources.kind === "answered" ? sources.value : [];
      const told = problems.kind === "answered" ? problems.value : [];
      return {
        object,
        source: known.find((each) => objectKey(each) === key)?.source,
        liveness: liveness.kind === "answered" ? liveness.value : undefined,
        problems: told.filter((problem) => problem.object === objectName(named)),
      };
    }),
  );
}

export async function loadService(
  pilot: PilotClient,
  name: string,
  namespace: string | undefined,
): Promise<Loaded<ServiceDescription>> {
  const registry = await pilot.get<readonly DescribedService[]>("/debug/registryz");
  if (registry.kind !== "answered") return failed(registry);
  const candidates = registry.value.filter(
    (each) => namespace === undefined || each.namespace === namespace,
  );
  const service = candidates.find((each) => isService(each, name));
  if (service === undefined) {
    const known = candidates.map(({ hostname }) => shortServiceName(hostname));
    const near = nearest(name, [...known, ...known.map((each) => each.split(".")[0] ?? "")]);
    const hint =
      near === undefined ? `there are ${known.slice(0, 10).join(", ")}` : `did you mean ${near}?`;
    return { kind: "failed", message: `no service ${JSON.stringify(name)}: ${hint}` };
  }
  const client = new ObjectClient(pilot);
  const listed = await Promise.all(
    (["DestinationRule", "VirtualService"] as const).map((kind: Kind) =>
      client.list(namesOf(kind), undefined),
    ),
  );
  const [rules, routes] = listed;
  if (rules?.kind !== "answered") return failed(rules ?? NO_ANSWER);
  if (routes?.kind !== "answered") return failed(routes ?? NO_ANSWER);
  const isFor = (host: string, { metadata }: ObjectJson): boolean =>
    hostsMatch(resolveHost(host, metadata.namespace), service.hostname);
  const ownRules = rules.value.filter((rule) => isFor(hostOf(rule), rule));
  const ownRoutes = routes.value.filter(
    (route) => isForMesh(route) && hostsOf(route).some((host) => isFor(host, route)),
  );
  const senders = routes.value.filter(
    (route) =>
      !ownRoutes.includes(route) && destinationHosts(route.spec).some((host) => isFor(host, route)),
  );
  const described = await describeAll(pilot, [...ownRules, ...ownRoutes, ...senders]);
  return {
    kind: "loaded",
    value: {
      service,
      destinationRules: described
        .slice(0, ownRules.length)
        .map((each) => ({ ...each, subsets: subsetsOf(each.object, service) })),
      virtualServices: described
        .slice(ownRules.length)
        .map((each, i) => ({ ...each, isForHost: i < ownRoutes.length })),
    },
  };
}

const NO_ANSWER = { kind: "unreachable", message: "the pilot did not answer" } as const;

const hostOf = ({ spec }: ObjectJson): string => String((spec as { host?: unknown }).host ?? "");

function hostsOf({ spec }: ObjectJson): readonly string[] {
  const { hosts } = spec as { hosts?: readonly string[] };
  return hosts ?? [];
}

/** Routes of a gateway are about what comes from outside: its hosts are not names of services. */
function isForMesh({ spec }: ObjectJson): boolean {
  const { gateways = [] } = spec as { gateways?: readonly string[] };
  return gateways.length === 0 || gateways.includes(MESH_GATEWAY);
}

interface SubsetJson {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function subsetsOf({ spec }: ObjectJson, service: DescribedService): readonly SubsetDescription[] {
  const { subsets = [] } = spec as { subsets?: readonly SubsetJson[] };
  const endpoints = new Map(
    service.ports
      .flatMap((port) => port.endpoints)
      .map((each) => [`${each.address}:${each.port}`, each]),
  );
  return subsets.map(({ name, labels = {} }) => ({
    name,
    labels,
    endpoints: [...endpoints.values()].filter((each) => selects(labels, each.labels)).length,
  }));
}
