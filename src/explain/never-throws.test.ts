// Whatever a proxy runs on, accepted by our parsers or not: an explanation comes, and its odds sum to 1.
import { expect, test } from "bun:test";
import {
  clone,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { below, createSeededRandom, type Random } from "#base/random.ts";
import sidecar from "#proxy/config/testdata/istio-sidecar.json";
import { readMessage } from "#proxy/config/testing/messages.ts";
import { mutate } from "#proxy/config/testing/mutate.ts";
import { type Entrance, type Explanation, explain } from "./explain.ts";
import type { ProxyConfiguration } from "./proxy-configuration.ts";
import { originsOf } from "./sources.ts";

/** Resources of a kind, each with up to `changes` mutations. */
function changed<D extends DescMessage>(
  schema: D,
  resources: readonly unknown[],
  random: Random,
  changes: number,
): MessageShape<D>[] {
  return resources.map((resource) => {
    const message = clone(schema, readMessage(schema, resource as never) as MessageShape<D>);
    for (let n = below(random, changes + 1); n > 0; n -= 1)
      mutate(reflect(schema, message), random);
    // What a proxy dumps has gone through bytes.
    return fromBinary(schema, toBinary(schema, message));
  });
}

function configuration(random: Random, changes: number): ProxyConfiguration {
  return {
    bootstrap: undefined,
    listeners: changed(ListenerSchema, sidecar.Listener, random, changes),
    routes: changed(RouteConfigurationSchema, sidecar.RouteConfiguration, random, changes),
    clusters: changed(ClusterSchema, sidecar.Cluster, random, changes),
    endpoints: changed(ClusterLoadAssignmentSchema, sidecar.ClusterLoadAssignment, random, changes),
    secrets: [],
    hosts: new Map(),
    warming: [],
    rejected: [],
    unreadable: [],
  };
}

const METHODS = ["GET", "POST", "CONNECT", "OPTIONS"];
const PATHS = ["/", "/reviews/1?x=1#f", "", "*", "/%00", "/\u0000\u00e9\u4e16", "no-slash"];
const FIELDS = ["end-user", "upgrade", "content-type", "x-envoy-fault-abort-request", "x_y"];

function explainAny(random: Random, subject: ProxyConfiguration): Explanation {
  const pick = <T>(list: readonly T[]): T => list[below(random, list.length)] as T;
  const domains = subject.routes.flatMap(({ virtualHosts }) =>
    virtualHosts.flatMap((h) => h.domains),
  );
  const ports = subject.listeners.flatMap(({ address }) => {
    const at = address?.address;
    const port = at?.case === "socketAddress" ? at.value.portSpecifier : undefined;
    return port?.case === "portValue" ? [port.value] : [];
  });
  const entrances: readonly Entrance[] = [
    { kind: "httpProxy" },
    { kind: "listener", name: pick(["", ...subject.listeners.map(({ name }) => name)]) },
    {
      kind: "address",
      host: pick(["127.0.0.1", "10.0.0.1", "::1", "reviews", ""]),
      port: pick([0, 80, ...ports]),
    },
  ];
  return explain(subject, {
    method: pick(METHODS),
    scheme: pick(["http", "https"]),
    authority: pick(["", "reviews:9080", "[::1]:80", "\u0001", ...domains]),
    path: pick(PATHS),
    headers: FIELDS.filter(() => below(random, 3) === 0).map((name) => [
      name,
      pick(["jason", "", "500", "application/grpc"]),
    ]),
    entrance: pick(entrances),
  });
}

function expectSound(explanation: Explanation): void {
  const { outcomes, steps } = explanation;
  expect(steps.length).toBeGreaterThan(0);
  expect(outcomes.reduce((sum, { odds }) => sum + odds, 0)).toBeCloseTo(1, 9);
  for (const { odds, hosts = [] } of outcomes) {
    expect(odds).toBeGreaterThan(0);
    const given = hosts.reduce((sum, host) => sum + host.odds, 0);
    if (given > 0) expect(given).toBeCloseTo(1, 9);
  }
  expect(originsOf(explanation).every(({ object }) => object !== "")).toBe(true);
}

test("what Istio sends is explained, whatever is asked", () => {
  const random = createSeededRandom(21);
  const subject = configuration(random, 0);
  const kinds = new Set<string>();
  for (let i = 0; i < 500; i += 1) {
    const explanation = explainAny(random, subject);
    expectSound(explanation);
    for (const { kind } of explanation.outcomes) kinds.add(kind);
  }
  // The requests reach all of it, not only the first refusal.
  expect([...kinds].sort()).toEqual(["forward", "reply", "reset", "tunnel"]);
});

test("nothing that is changed in it makes an explanation throw, or its odds miss 1", () => {
  const random = createSeededRandom(22);
  for (let i = 0; i < 60; i += 1) {
    const subject = configuration(random, 4);
    for (let n = 0; n < 6; n += 1) expectSound(explainAny(random, subject));
  }
});
