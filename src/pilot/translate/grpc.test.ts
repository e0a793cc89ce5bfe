// The names by which a gRPC program may dial a service; what the listeners hold is in testdata/grpc.yaml.
import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { parseObjects } from "../config/parse-objects.ts";
import { buildSnapshot } from "../model/build-snapshot.ts";
import { parseProxy } from "../model/parse-proxy.ts";
import { grpcListener } from "./grpc.ts";

const { objects } = parseObjects(
  `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: reviews}
spec:
  hosts: [reviews.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 9080, name: http, protocol: GRPC}]
  endpoints: [{address: 10.0.0.1}]
`,
  "test.yaml",
);
const { snapshot } = buildSnapshot(objects, []);

function listenerFor(name: string, dnsDomain = "default.svc.cluster.local") {
  const id = `sidecar~127.0.0.1~client.default~${dnsDomain}`;
  const metadata = { NAMESPACE: "default", GENERATOR: "grpc" };
  return grpcListener(parseProxy(create(NodeSchema, { id, metadata })).proxy, snapshot, name);
}

test.each([
  "reviews.default.svc.cluster.local:9080",
  "reviews.default.svc.cluster.local.:9080",
  "Reviews.default.svc.cluster.local:9080",
  "reviews.default.svc:9080",
  "reviews.default:9080",
  "reviews:9080",
])("%s is reviews, and the listener has the name that was asked for", (name) => {
  const found = listenerFor(name);
  expect([found?.name, found?.message.name]).toEqual([name, name]);
  expect(found?.sources).toEqual(["ServiceEntry/default/reviews"]);
});

test.each(["reviews:9081", "reviews", ":9080", "reviews:", "review:9080"])(
  "%s is nothing",
  (name) => {
    expect(listenerFor(name)).toBeUndefined();
  },
);

test("a short name belongs to the caller's own namespace", () => {
  expect(listenerFor("reviews:9080", "other.svc.cluster.local")).toBeUndefined();
  expect(listenerFor("reviews.default:9080", "other.svc.cluster.local")).toBeDefined();
});
