import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { formatFieldPath } from "#base/field-path.ts";
import { ClusterSchema } from "./envoy/config/cluster/v3/cluster_pb.ts";
import { TransportSocketSchema } from "./envoy/config/core/v3/base_pb.ts";
import { ListenerSchema } from "./envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "./envoy/config/route/v3/route_pb.ts";
import { DestinationRuleSchema } from "./istio/networking/v1alpha3/destination_rule_pb.ts";
import { formatJsonProblem, messageFromJson, messageToJson } from "./json.ts";
import { REGISTRY } from "./registry.ts";

function problems(typeName: string, value: unknown): string[] {
  const schema = REGISTRY.getMessage(typeName);
  if (schema === undefined) throw new Error(typeName);
  const result = messageFromJson(schema, value);
  return result.kind === "parsed" ? [] : result.problems.map(formatJsonProblem);
}

const RAW_BUFFER = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

test.each<[string, unknown, string[]]>([
  ["envoy.config.cluster.v3.Cluster", { name: 5 }, ["name: must be a string: got 5"]],
  ["envoy.config.cluster.v3.Cluster", { nmae: "x" }, ['nmae: unknown field: did you mean "name"?']],
  [
    "envoy.config.cluster.v3.Cluster",
    { conect_timeout: "1s" },
    ['conect_timeout: unknown field: did you mean "connect_timeout"?'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { conectTimeout: "1s" },
    ['conectTimeout: unknown field: did you mean "connectTimeout"?'],
  ],
  ["envoy.config.cluster.v3.Cluster", { zzz: 1 }, ["zzz: unknown field"]],
  [
    "envoy.config.cluster.v3.Cluster",
    { connect_timeout: "5m" },
    ['connect_timeout: must be a duration in seconds such as "1.5s": got "5m"'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { connect_timeout: 5 },
    ['connect_timeout: must be a duration in seconds such as "1.5s": got 5'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { type: "EDSS" },
    ['type: must be one of STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST: got "EDSS"'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { type: "EDS", cluster_type: {} },
    ["cluster_type: set together with type: at most one of them may be"],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { connect_timeout: "1s", connectTimeout: "1s" },
    ["connectTimeout: set together with connect_timeout: at most one of them may be"],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { health_checks: {} },
    ["health_checks: must be a list: got an object"],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { filters: [{}, 3] },
    ["filters[1]: must be an object: got 3"],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { circuit_breakers: { thresholds: [{ max_requests: -1 }, { max_requests: "a" }] } },
    [
      "circuit_breakers.thresholds[0].max_requests: must be a whole number from 0 to 4294967295: got -1",
      'circuit_breakers.thresholds[1].max_requests: must be a whole number from 0 to 4294967295: got "a"',
    ],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { metadata: { filter_metadata: { "envoy.lb": 4 } } },
    ['metadata.filter_metadata["envoy.lb"]: must be an object: got 4'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { transport_socket: { typed_config: { name: "x" } } },
    [
      'transport_socket.typed_config.@type: missing: must be a type URL such as "type.googleapis.com/package.Message"',
    ],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { transport_socket: { typed_config: { "@type": "a.b/c.D" } } },
    ['transport_socket.typed_config.@type: unknown message type "a.b/c.D"'],
  ],
  [
    "envoy.config.cluster.v3.Cluster",
    { transport_socket: { typed_config: { "@type": RAW_BUFFER, x: 1 } } },
    ["transport_socket.typed_config.x: unknown field"],
  ],
  ["envoy.config.cluster.v3.Cluster", [], ["must be an object: got a list"]],
  ["envoy.config.cluster.v3.Cluster", null, ["must be an object: got null"]],
  [
    "istio.networking.v1alpha3.VirtualService",
    { http: [{ timeout: "abc" }] },
    ['http[0].timeout: must be a duration in seconds such as "1.5s": got "abc"'],
  ],
  [
    "istio.networking.v1alpha3.VirtualService",
    { http: [{ match: [{ uri: { exact: "/", prefix: "/" } }] }] },
    ["http[0].match[0].uri.prefix: set together with exact: at most one of them may be"],
  ],
])("messageFromJson names the wrong fields of a %s: %j", (typeName, value, expected) => {
  expect(problems(typeName, value)).toEqual(expected);
});

test("messageFromJson reports at most twenty problems, with the place of the value before each path", () => {
  const wrong = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`zz${i}`, 1]));
  const result = messageFromJson(ClusterSchema, wrong, { at: ["spec", 0] });
  if (result.kind === "parsed") throw new Error("parsed");
  expect(result.problems).toHaveLength(20);
  expect(formatFieldPath(result.problems[0]?.path ?? [])).toBe("spec[0].zz0");
});

test("messageFromJson reads Istio's durations as Go does, elsewhere only seconds", () => {
  const read = messageFromJson(DestinationRuleSchema, {
    host: "reviews",
    trafficPolicy: {
      outlierDetection: { interval: "5m", baseEjectionTime: "1h30m", maxEjectionPercent: 100 },
    },
    subsets: [
      { name: "v1", trafficPolicy: { outlier_detection: { base_ejection_time: "250ms" } } },
    ],
  });
  if (read.kind === "rejected") throw new Error(read.problems.map(formatJsonProblem).join("\n"));
  const detection = read.value.trafficPolicy?.outlierDetection;
  expect(detection?.interval?.seconds).toBe(300n);
  expect(detection?.baseEjectionTime?.seconds).toBe(5400n);
  const subset = read.value.subsets[0]?.trafficPolicy?.outlierDetection;
  expect(subset?.baseEjectionTime?.nanos).toBe(250_000_000);
});

test("messageFromJson leaves out unknown fields when told to", () => {
  const options = { ignoreUnknownFields: true };
  expect(messageFromJson(ClusterSchema, { name: "a", zzz: 1 }, options).kind).toBe("parsed");
  expect(messageFromJson(ClusterSchema, { name: 1, zzz: 1 }, options)).toMatchObject({
    problems: [{ path: ["name"] }],
  });
});

test("messageToJson writes an Any of an unknown type, or with broken bytes, without failing", () => {
  const broken = new Uint8Array([255, 255, 255]);
  const inner = create(TransportSocketSchema, {
    name: "x",
    configType: {
      case: "typedConfig",
      value: create(AnySchema, { typeUrl: "a.io/made.Up", value: broken }),
    },
  });
  const packed = create(AnySchema, {
    typeUrl: `a.io/${TransportSocketSchema.typeName}`,
    value: toBinary(TransportSocketSchema, inner),
  });
  const outer = create(TransportSocketSchema, {
    name: "y",
    configType: { case: "typedConfig", value: packed },
  });
  expect(messageToJson(TransportSocketSchema, outer, { names: "proto" })).toEqual({
    name: "y",
    typed_config: {
      "@type": `a.io/${TransportSocketSchema.typeName}`,
      name: "x",
      typed_config: { "@type": "a.io/made.Up", value: "////" },
    },
  });
  const bad = create(AnySchema, { typeUrl: `a.io/${ListenerSchema.typeName}`, value: broken });
  expect(messageToJson(AnySchema, bad)).toEqual({
    "@type": "type.googleapis.com/google.protobuf.BytesValue",
    value: "////",
  });
});

test("messageToJson writes a message without a JSON form as bytes", () => {
  const cluster = create(ClusterSchema, { connectTimeout: { seconds: 1n << 62n } });
  expect(messageToJson(ClusterSchema, cluster)).toMatchObject({ value: expect.any(String) });
});

test("messageFromJson never throws, whatever the value", () => {
  const values: unknown[] = [
    undefined,
    null,
    1,
    "x",
    [],
    [[]],
    { name: { name: {} } },
    { virtual_hosts: [null] },
    { "": 1 },
  ];
  for (const value of values) {
    expect(["parsed", "rejected"]).toContain(messageFromJson(RouteConfigurationSchema, value).kind);
  }
});
