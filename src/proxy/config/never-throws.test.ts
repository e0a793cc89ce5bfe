import { expect, test } from "bun:test";
import {
  clone,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { randomMessage } from "#api/testing/random-message.ts";
import { below, createSeededRandom } from "#base/random.ts";
import { RouteTable } from "../route/route-table.ts";
import { createRequest } from "../route/testing/request.ts";
import { parseBootstrap } from "./parse-bootstrap.ts";
import { parseCluster } from "./parse-cluster.ts";
import { parseEndpoints } from "./parse-endpoints.ts";
import { parseListener } from "./parse-listener.ts";
import { parseRouteConfiguration } from "./parse-route-configuration.ts";
import type { Parsed } from "./parsed.ts";
import sidecar from "./testdata/istio-sidecar.json";
import { API_TYPE_NAMES } from "./testing/extension-types.ts";
import { readMessage } from "./testing/messages.ts";
import { mutate } from "./testing/mutate.ts";

const API = { addedViaApi: true };

function parseAny(message: Message): Parsed<unknown> {
  switch (message.$typeName) {
    case ClusterSchema.typeName:
      return parseCluster(message as MessageShape<typeof ClusterSchema>, API);
    case ListenerSchema.typeName:
      return parseListener(message as MessageShape<typeof ListenerSchema>, API);
    case ClusterLoadAssignmentSchema.typeName:
      return parseEndpoints(message as MessageShape<typeof ClusterLoadAssignmentSchema>);
    case BootstrapSchema.typeName:
      return parseBootstrap(message as MessageShape<typeof BootstrapSchema>);
    default: {
      const parsed = parseRouteConfiguration(
        message as MessageShape<typeof RouteConfigurationSchema>,
      );
      // What parses must also compile and match without throwing.
      if (parsed.kind === "parsed") new RouteTable(parsed.value).match(createRequest(), 7);
      return parsed;
    }
  }
}

const SCHEMAS: readonly DescMessage[] = [
  BootstrapSchema,
  ClusterSchema,
  ClusterLoadAssignmentSchema,
  ListenerSchema,
  RouteConfigurationSchema,
];

for (const schema of SCHEMAS) {
  test(`no ${schema.name} of random content makes a parser throw`, () => {
    const random = createSeededRandom(11);
    for (let i = 0; i < 300; i += 1) {
      const density = [0.02, 0.1, 0.3, 0.7][i % 4] ?? 0.1;
      const message = randomMessage(schema, random, {
        density,
        maxDepth: 5,
        anyTypes: API_TYPE_NAMES,
      });
      const parsed = parseAny(message);
      if (parsed.kind === "rejected") expect(parsed.message.length).toBeGreaterThan(0);
    }
  });
}

test.each([
  [ClusterSchema, sidecar.Cluster],
  [ListenerSchema, sidecar.Listener],
  [ClusterLoadAssignmentSchema, sidecar.ClusterLoadAssignment],
  [RouteConfigurationSchema, sidecar.RouteConfiguration],
] as const)("no real resource with a few changes makes a parser throw", (schema, resources) => {
  const random = createSeededRandom(12);
  let refused = 0;
  let accepted = 0;
  for (let i = 0; i < 600; i += 1) {
    const original = readMessage(schema, resources[i % resources.length]);
    const message = clone(schema as DescMessage, original);
    const view = reflect(schema as DescMessage, message);
    for (let n = below(random, 3); n >= 0; n -= 1) mutate(view, random);
    // What a peer sends has gone through bytes.
    const parsed = parseAny(
      fromBinary(schema as DescMessage, toBinary(schema as DescMessage, message)),
    );
    if (parsed.kind === "rejected") refused += 1;
    else accepted += 1;
  }
  expect(refused).toBeGreaterThan(20);
  expect(accepted).toBeGreaterThan(20);
});
