import { expect, test } from "bun:test";
import { create, type JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { BuildVersionSchema, NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { type ParsedProxy, parseProxy } from "./parse-proxy.ts";

function parse(id: string, metadata: JsonObject = {}, userAgentName = "envoy"): ParsedProxy {
  return parseProxy(create(NodeSchema, { id, metadata, userAgentName }));
}

test("a sidecar as `sampan up` starts it", () => {
  const { proxy, warnings } = parse("sidecar~127.0.1.5~reviews-v1-1.shop~shop.svc.cluster.local", {
    NAMESPACE: "shop",
    LABELS: { app: "reviews", version: "v1" },
    INTERCEPTION_MODE: "NONE",
    AUTO_REGISTER_GROUP: "reviews-v1",
    SAMPAN_WORKLOAD_PORTS: { http: 20001 },
    ISTIO_VERSION: "1.31.0",
  });
  expect(warnings).toEqual([]);
  expect(proxy).toMatchObject({
    type: "sidecar",
    ipAddresses: ["127.0.1.5"],
    name: "reviews-v1-1",
    namespace: "shop",
    dnsDomain: "shop.svc.cluster.local",
    labels: { app: "reviews", version: "v1" },
    interceptionMode: "NONE",
    isHostSidecar: false,
    reportsHealth: false,
    workloadPorts: { http: 20001 },
    autoRegisterGroup: "reviews-v1",
    version: "1.31.0",
  });
});

test("what the node does not say is Istio's default", () => {
  const { proxy } = parse("sidecar~10.0.0.1~a.ns~ns.svc.cluster.local");
  expect(proxy).toMatchObject({
    namespace: "ns",
    interceptionMode: "REDIRECT",
    version: "",
    autoRegisterGroup: undefined,
  });
  expect(parse("router~10.0.0.1~a.ns~ns.svc.cluster.local").proxy.type).toBe("router");
});

test("a node id of another maker is served as a sidecar of the default namespace", () => {
  const { proxy, warnings } = parse("my-envoy-7");
  expect(proxy).toMatchObject({
    id: "my-envoy-7",
    type: "sidecar",
    name: "my-envoy-7",
    namespace: "default",
    ipAddresses: [],
    dnsDomain: "default.svc.cluster.local",
  });
  expect(warnings).toEqual([]);
});

test.each([
  ["gRPC Go", {}],
  ["grpc-node-js", {}],
  ["gRPC C-core linux", {}],
  ["envoy", { GENERATOR: "grpc" }],
])("%s with %j is a proxyless client", (userAgent, metadata) => {
  expect(parse("x", metadata, userAgent).proxy.type).toBe("grpc");
});

test("INSTANCE_IPS win over the id, as text or list, and only addresses count", () => {
  const id = "sidecar~10.0.0.1~a.b~b.svc.cluster.local";
  expect(parse(id, { INSTANCE_IPS: "10.0.0.2,::1" }).proxy.ipAddresses).toEqual([
    "10.0.0.2",
    "::1",
  ]);
  expect(parse(id, { INSTANCE_IPS: ["10.0.0.3", "nonsense"] }).proxy.ipAddresses).toEqual([
    "10.0.0.3",
  ]);
  expect(parse(id, { INSTANCE_IPS: "none" }).proxy.ipAddresses).toEqual(["10.0.0.1"]);
});

test("metadata that is not understood is left out and told, and cannot forge a log line", () => {
  const { proxy, warnings } = parse("sidecar~10.0.0.1~a.b~b.c", {
    LABELS: "no",
    INTERCEPTION_MODE: "IPTABLES\nERROR forged",
    SAMPAN_WORKLOAD_PORTS: { http: 70000, grpc: "20002" },
    SAMPAN_HOST_SIDECAR: "perhaps",
  });
  expect(proxy).toMatchObject({
    labels: {},
    interceptionMode: "REDIRECT",
    workloadPorts: { grpc: 20002 },
    isHostSidecar: false,
    reportsHealth: false,
  });
  expect(warnings).toEqual([
    'Node metadata "LABELS" must be an object: current value is "no"',
    'Node metadata "INTERCEPTION_MODE" must be one of REDIRECT, TPROXY, NONE: current value is "IPTABLES\\nERROR forged"',
    'Node metadata "SAMPAN_HOST_SIDECAR" must be "true" or "false": current value is "perhaps"',
    'Node metadata "SAMPAN_WORKLOAD_PORTS.http" must be a port, 1 to 65535: current value is "70000"',
  ]);
});

test("no node makes it throw", () => {
  const key = fc.constantFrom(
    "NAMESPACE",
    "LABELS",
    "INSTANCE_IPS",
    "INTERCEPTION_MODE",
    "SAMPAN_WORKLOAD_PORTS",
    "SAMPAN_HOST_SIDECAR",
    "GENERATOR",
    "__proto__",
  );
  fc.assert(
    fc.property(fc.string(), fc.dictionary(key, fc.jsonValue()), (id, metadata) => {
      const { proxy } = parse(id, metadata as JsonObject);
      expect(proxy.namespace).not.toBe("");
    }),
  );
});

const buildVersion = (majorNumber: number, minorNumber: number, patch = 0) => ({
  case: "userAgentBuildVersion" as const,
  value: create(BuildVersionSchema, { version: { majorNumber, minorNumber, patch } }),
});

test.each([
  ["sampan", buildVersion(0, 1, 2), "sampan/0.1.2", "0.1.2"],
  ["envoy", buildVersion(1, 40), "envoy/1.40.0", "1.40.0"],
  ["mine", { case: "userAgentVersion" as const, value: "dev" }, "mine/dev", "dev"],
  ["envoy", { case: undefined }, "envoy", ""],
  ["", { case: undefined }, "", ""],
])("user agent %s %j", (userAgentName, userAgentVersionType, userAgent, version) => {
  const node = create(NodeSchema, { id: "x", userAgentName, userAgentVersionType });
  expect(parseProxy(node).proxy).toMatchObject({ userAgent, version });
});

test("the version that Istio's agent tells does not hide which program it is", () => {
  const node = create(NodeSchema, {
    id: "x",
    metadata: { ISTIO_VERSION: "1.31.0" },
    userAgentName: "envoy",
    userAgentVersionType: buildVersion(1, 40),
  });
  expect(parseProxy(node).proxy).toMatchObject({ userAgent: "envoy/1.40.0", version: "1.31.0" });
});
