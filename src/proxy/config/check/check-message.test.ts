import { describe, expect, test } from "bun:test";
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { Glob } from "bun";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { FilterChainSchema } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { RandomSchema } from "#api/envoy/extensions/load_balancing_policies/random/v3/random_pb.ts";
import { WrrLocalitySchema } from "#api/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.ts";
import { REGISTRY } from "#api/registry.ts";
import { randomMessage } from "#api/testing/random-message.ts";
import { createSeededRandom } from "#base/random.ts";
import { Field } from "../field.ts";
import type { Rejected } from "../parsed.ts";
import { readMessage } from "../testing/messages.ts";
import { checkMessage, SUPPORT } from "./check-message.ts";

function check(schema: DescMessage, json: unknown): string {
  const at = Field.root();
  checkMessage(schema, readMessage(schema, json), at);
  if (!at.isRejected) return "";
  const { path, message } = at.refusal();
  return `${path}: ${message}`;
}

const schemaOf = (typeName: string): DescMessage => {
  const schema = REGISTRY.getMessage(typeName);
  if (schema === undefined) throw new Error(`${typeName} is not in src/api`);
  return schema;
};

describe("the tables of support", () => {
  test.each(Object.keys(SUPPORT))(
    "%s names fields that exist, each once, with reasons",
    (typeName) => {
      const fields = schemaOf(typeName).fields.map(({ name }) => name);
      const { read, ignored = {}, refused = {} } = SUPPORT[typeName] ?? { read: [] };
      const listed = [...read, ...Object.keys(ignored), ...Object.keys(refused)];
      expect(listed.filter((name) => !fields.includes(name))).toEqual([]);
      expect(new Set(listed).size).toBe(listed.length);
      for (const reason of [...Object.values(ignored), ...Object.values(refused)]) {
        expect(reason.length).toBeGreaterThan(5);
      }
    },
  );

  test("every field that is said to be read is named by a parser", async () => {
    let source = "";
    for await (const file of new Glob("parse-*.ts").scan({ cwd: `${import.meta.dir}/..` })) {
      if (!file.endsWith(".test.ts"))
        source += await Bun.file(`${import.meta.dir}/../${file}`).text();
    }
    source += await Bun.file(`${import.meta.dir}/../values.ts`).text();
    const words = new Set(source.match(/[A-Za-z0-9_]+/g));
    const missing: string[] = [];
    for (const [typeName, { read }] of Object.entries(SUPPORT)) {
      for (const field of schemaOf(typeName).fields) {
        // Members of a oneof are read by the oneof's name and their case.
        const names = [field.localName, field.oneof?.localName ?? field.localName];
        if (read.includes(field.name) && !names.some((name) => words.has(name))) {
          missing.push(`${typeName}.${field.name}`);
        }
      }
    }
    expect(missing).toEqual(KEPT_WHOLE);
  });
});

/** Read without being named. */
const KEPT_WHOLE = [
  // Sent to the management server as they are.
  "envoy.config.core.v3.Node.dynamic_parameters",
  "envoy.config.core.v3.Node.client_features",
  "envoy.config.core.v3.Node.listening_addresses",
  // The message around them is refused, but on the management server's and on ORIGINAL_DST clusters.
  "envoy.config.cluster.v3.UpstreamConnectionOptions.tcp_keepalive",
  "envoy.config.core.v3.BindConfig.source_address",
  // Looked into for a provider only, which is refused.
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.tracing",
];

/** A message in which only `field` is set. */
function withOnly(schema: DescMessage, name: string) {
  const field = schema.fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(name);
  const random = createSeededRandom(1);
  // Random fillings until the one field is set to something that is not its default; the others are cleared.
  for (let i = 0; i < 500; i += 1) {
    const message = randomMessage(schema, random, { density: 0.2, maxDepth: 1, anyTypes: [] });
    const view = reflect(schema, message);
    for (const other of schema.fields) if (other !== field && view.isSet(other)) view.clear(other);
    if (view.isSet(field)) return message;
  }
  throw new Error(`cannot set ${name}`);
}

function rejectionOf(schema: DescMessage, message: Message): Rejected | undefined {
  const at = Field.root();
  checkMessage(schema, message, at);
  return at.isRejected ? at.refusal() : undefined;
}

describe("completeness: a field that stands in no table is refused by its name", () => {
  test.each(Object.keys(SUPPORT))("in %s", (typeName) => {
    const schema = schemaOf(typeName);
    const { read, ignored = {} } = SUPPORT[typeName] ?? { read: [] };
    for (const field of schema.fields) {
      if (read.includes(field.name) || ignored[field.name] !== undefined) continue;
      const rejected = rejectionOf(schema, withOnly(schema, field.name));
      expect(rejected?.path).toBe(field.name);
      expect(rejected?.message).toStartWith("not supported");
    }
  });
});

const RAW = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

test.each<[string, DescMessage, unknown, string]>([
  [
    "an unsupported field",
    ClusterSchema,
    { name: "c", health_checks: [{}] },
    "health_checks: not supported: active health checks are not supported",
  ],
  [
    "one deep inside",
    ClusterSchema,
    { name: "c", circuit_breakers: { thresholds: [{}, { max_connection_pools: 3 }] } },
    "circuit_breakers.thresholds[1].max_connection_pools: not supported",
  ],
  [
    "one inside an extension",
    ClusterSchema,
    {
      name: "c",
      typed_extension_protocol_options: {
        "a.b": {
          "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          auto_config: {},
        },
      },
    },
    'typed_extension_protocol_options["a.b"].auto_config: not supported: the protocol cannot be negotiated without TLS',
  ],
  [
    "an extension that is not supported",
    ClusterSchema,
    {
      name: "c",
      transport_socket: {
        name: "tls",
        typed_config: {
          "@type":
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        },
      },
    },
    'transport_socket.typed_config: not supported: "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"',
  ],
  [
    "a supported extension",
    ClusterSchema,
    { name: "c", transport_socket: { name: "raw", typed_config: { "@type": RAW } } },
    "",
  ],
  ["an ignored field", ClusterSchema, { name: "c", cleanup_interval: "5s" }, ""],
  [
    "an ignored field outside Envoy's rules",
    ClusterSchema,
    { name: "c", cleanup_interval: "0s" },
    "cleanup_interval: value must be greater than 0s: got 0s",
  ],
  [
    "a string that is too short",
    ClusterSchema,
    {},
    "name: value length must be at least 1 characters: got 0",
  ],
  [
    "a duration out of range",
    ClusterSchema,
    { name: "c", connect_timeout: "0s" },
    "connect_timeout: value must be greater than 0s: got 0s",
  ],
  [
    "a number out of range",
    ClusterSchema,
    { name: "c", outlier_detection: { max_ejection_percent: 101 } },
    "outlier_detection.max_ejection_percent: value must be less than or equal to 100: got 101",
  ],
  [
    "a wrapper out of range",
    ClusterSchema,
    { name: "c", least_request_lb_config: { choice_count: 1 } },
    "least_request_lb_config.choice_count: value must be greater than or equal to 2: got 1",
  ],
  [
    "a double out of range",
    ClusterSchema,
    { name: "c", common_lb_config: { healthy_panic_threshold: { value: 100.5 } } },
    "common_lb_config.healthy_panic_threshold.value: value must be inside range [0, 100]: got 100.5",
  ],
  [
    "an enum without that number",
    ClusterSchema,
    { name: "c", type: 77 },
    "type: value must be one of the defined enum values: got 77",
  ],
  [
    "a required message",
    FilterChainSchema,
    { filters: [{ name: "" }] },
    "filters[0].name: value length must be at least 1 characters: got 0",
  ],
  [
    "a list that is too short",
    RouteConfigurationSchema,
    { virtual_hosts: [{ name: "v" }] },
    "virtual_hosts[0].domains: value must contain at least 1 item(s): got 0",
  ],
  [
    "an item that is wrong",
    RouteConfigurationSchema,
    { virtual_hosts: [{ name: "v", domains: ["a", "b\nc"] }] },
    'virtual_hosts[0].domains[1]: value does not match regex pattern "^[^\\\\u0000\\\\u000A\\\\u000D]*$": got "b\\nc"',
  ],
  [
    "a choice that was not made",
    RouteConfigurationSchema,
    { virtual_hosts: [{ name: "v", domains: ["*"], routes: [{ match: { prefix: "/" } }] }] },
    "virtual_hosts[0].routes[0]: one of route, redirect, direct_response, filter_action, non_forwarding_action is required",
  ],
  [
    "a pattern",
    RouteConfigurationSchema,
    {
      virtual_hosts: [
        {
          name: "v",
          domains: ["*"],
          routes: [{ match: { path_separated_prefix: "/a/" }, redirect: {} }],
        },
      ],
    },
    'virtual_hosts[0].routes[0].match.path_separated_prefix: value does not match regex pattern "^[^?#]+[^?#/]$": got "/a/"',
  ],
  [
    "a map's key",
    ClusterSchema,
    { name: "c", metadata: { filter_metadata: { "": {} } } },
    'metadata.filter_metadata[""]: value length must be at least 1 characters: got 0',
  ],
])("%s", (_, schema, json, expected) => {
  expect(check(schema, json)).toBe(expected);
});

test("fields of a newer API are refused by their number", () => {
  const message = create(ClusterSchema, { name: "c" });
  message.$unknown = [{ no: 999, wireType: 0, data: new Uint8Array([1]) }];
  const at = Field.root();
  checkMessage(ClusterSchema, message, at);
  expect(at.refusal()).toMatchObject({
    path: "",
    message: expect.stringContaining("field number 999"),
  });
});

test("an extension whose bytes are not its type is refused", () => {
  const typedConfig = create(AnySchema, {
    typeUrl: RAW,
    value: new Uint8Array([255]),
  });
  const cluster = create(ClusterSchema, {
    name: "c",
    transportSocket: { name: "raw", configType: { case: "typedConfig", value: typedConfig } },
  });
  const at = Field.root();
  checkMessage(ClusterSchema, cluster, at);
  expect(at.refusal().path).toBe("transport_socket.typed_config");
});

test("nesting without end is refused", () => {
  const random = create(RandomSchema);
  let any = anyPack(RandomSchema, random);
  for (let i = 0; i < 30; i += 1) {
    const policies = [{ typedExtensionConfig: { name: "x", typedConfig: any } }];
    any = anyPack(
      WrrLocalitySchema,
      create(WrrLocalitySchema, { endpointPickingPolicy: { policies } }),
    );
  }
  const policies = [{ typedExtensionConfig: { name: "x", typedConfig: any } }];
  const cluster = create(ClusterSchema, { name: "c", loadBalancingPolicy: { policies } });
  expect(rejectionOf(ClusterSchema, cluster)?.message).toBe(
    "nested too deeply: at most 60 levels are read",
  );
});

test("a listener that sets nothing unsupported passes", () => {
  expect(
    check(ListenerSchema, { name: "l", traffic_direction: "INBOUND", tcp_backlog_size: 5 }),
  ).toBe("");
});
