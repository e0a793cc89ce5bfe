// Stock Envoy takes every golden case of the translation: the resources as its own static configuration, in validation mode, which
// binds nothing.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Glob } from "bun";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageToJson } from "#api/json.ts";
import { clusters } from "#pilot/translate/cluster.ts";
import { endpoints } from "#pilot/translate/endpoint.ts";
import { listeners } from "#pilot/translate/listener/listener.ts";
import { routes } from "#pilot/translate/route/route.ts";
import { type GoldenCase, parseGoldenCase } from "#pilot/translate/testing/golden-case.ts";
import { findPeer, mustSkip } from "../support/peers.ts";

const peer = findPeer("envoy");
const FOLDER = `${import.meta.dir}/../../src/pilot/translate/testdata`;
/** For gRPC libraries; and those that name certificates of the user's machine. */
const NOT_FOR_THIS = ["grpc.yaml", "gateway-https.yaml", "tls-origination.yaml"];
const FILES = [...new Glob("*.yaml").scanSync(FOLDER)]
  .filter((file) => !NOT_FOR_THIS.includes(file))
  .sort();

const ADS_CLUSTER: JsonObject = {
  name: "xds",
  type: "STATIC",
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  load_assignment: { cluster_name: "xds", endpoints: [] },
};

/** Routes stand in their listeners, assignments in clusters of their own, so that Envoy looks at them too. */
function bootstrapOf({ proxy, snapshot }: GoldenCase): JsonObject {
  const names = { names: "proto" } as const;
  const allClusters = clusters(proxy, snapshot);
  const assignments = allClusters
    .filter(({ message }) => message.edsClusterConfig !== undefined)
    .map(({ name }) => ({
      name: `assignment of ${name}`,
      type: "STATIC",
      load_assignment: messageToJson(
        ClusterLoadAssignmentSchema,
        endpoints(proxy, snapshot, name).message,
        names,
      ),
    }));
  const inline = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== "object" || value === null) return value;
    const { rds, ...rest } = value;
    const kept = Object.fromEntries(
      Object.entries(rest).map(([key, child]) => [key, inline(child)]),
    );
    if (rds === undefined) return kept;
    const { message } = routes(proxy, snapshot, String((rds as JsonObject)["route_config_name"]));
    return { ...kept, route_config: messageToJson(RouteConfigurationSchema, message, names) };
  };
  return {
    node: { id: "test", cluster: "test" },
    // The tap filter is only given to proxies that have one; without it Envoy dies of the filter.
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
    },
    static_resources: {
      clusters: [
        ADS_CLUSTER,
        ...allClusters.map(({ message }) => messageToJson(ClusterSchema, message, names)),
        ...assignments,
      ],
      listeners: listeners(proxy, snapshot).map(({ message }) =>
        inline(messageToJson(ListenerSchema, message, names)),
      ),
    },
  };
}

describe.skipIf(mustSkip(peer))("Envoy takes", () => {
  test.each(FILES)("%s", async (file) => {
    if (peer.kind === "missing") return;
    const parsed = parseGoldenCase(await Bun.file(`${FOLDER}/${file}`).text(), file);
    const folder = mkdtempSync(join(tmpdir(), "sampan-validate-"));
    const path = join(folder, "bootstrap.json");
    writeFileSync(path, JSON.stringify(bootstrapOf(parsed)));
    // Files, because Envoy opens /dev/stdout again for its access log, which it cannot with a pipe of ours.
    const stdout = Bun.file(join(folder, "stdout"));
    const stderr = Bun.file(join(folder, "stderr"));
    const child = Bun.spawn([peer.path, "--mode", "validate", "-c", path, "-l", "error"], {
      stdout,
      stderr,
    });
    const exitCode = await child.exited;
    const said = (await stdout.text()) + (await stderr.text());
    rmSync(folder, { recursive: true, force: true });
    expect([exitCode, said]).toEqual([0, `configuration '${path}' OK\n`]);
  });
});
