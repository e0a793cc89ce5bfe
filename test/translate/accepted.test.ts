// Sampan's proxy takes everything that the pilot generates, but for the features that it does not have yet: those it refuses by name,
// and they are listed here, so that one that comes to work is taken off the list.
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { clusters } from "#pilot/translate/cluster.ts";
import { endpoints } from "#pilot/translate/endpoint.ts";
import { listeners } from "#pilot/translate/listener/listener.ts";
import { routes } from "#pilot/translate/route/route.ts";
import { parseGoldenCase } from "#pilot/translate/testing/golden-case.ts";
import { parseCluster } from "#proxy/config/parse-cluster.ts";
import { parseEndpoints } from "#proxy/config/parse-endpoints.ts";
import { parseListener } from "#proxy/config/parse-listener.ts";
import { parseRouteConfiguration } from "#proxy/config/parse-route-configuration.ts";
import type { Parsed } from "#proxy/config/parsed.ts";

const FOLDER = `${import.meta.dir}/../../src/pilot/translate/testdata`;
const FILES = [...new Glob("*.yaml").scanSync(FOLDER)].sort();

/** Case -> what is refused of it, a few words each. The case for gRPC libraries is not for a proxy. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "circuit-breaker": ["upstream_connection_options"],
  "dns-clusters": ["upstream_port_override"],
  "gateway-https": ["DownstreamTlsContext"],
  "listeners-redirect": ["filter_disabled", "use_original_dst"],
  "load-balancer": ["slow_start_config", "ring_hash_lb_config", "maglev_lb_config"],
  "route-cors": ["CorsPolicy"],
  "route-hash-policy": ["ring_hash_lb_config"],
  "route-timeout-retries": ["retry_priority"],
  "tls-origination": ["UpstreamTlsContext"],
  "tls-route": ["filter_disabled", "use_original_dst"],
  "upstream-protocol": ["http2_protocol_options"],
};

function refusals(all: readonly Parsed<unknown>[]): string[] {
  return all.flatMap((one) => (one.kind === "rejected" ? [`${one.path}: ${one.message}`] : []));
}

test.each(FILES.filter((file) => file !== "grpc.yaml"))("%s", async (file) => {
  const text = await Bun.file(`${FOLDER}/${file}`).text();
  const { proxy, snapshot, show } = parseGoldenCase(text, file);
  const allClusters = clusters(proxy, snapshot);
  const names = allClusters.filter(({ message }) => message.edsClusterConfig).map((c) => c.name);
  const routeNames = [
    ...(show.routes ?? []),
    ...(show.virtual_hosts ?? []).map((path) => path.slice(0, path.indexOf("/"))),
  ];
  const found = refusals([
    ...allClusters.map(({ message }) => parseCluster(message, { addedViaApi: true })),
    ...listeners(proxy, snapshot).map(({ message }) =>
      parseListener(message, { addedViaApi: true }),
    ),
    ...names.map((name) => parseEndpoints(endpoints(proxy, snapshot, name).message)),
    ...routeNames.map((name) => parseRouteConfiguration(routes(proxy, snapshot, name).message)),
  ]);
  const listed = REFUSED[file.slice(0, -".yaml".length)] ?? [];
  const unlisted = found.filter((words) => !listed.some((part) => words.includes(part)));
  const working = listed.filter((part) => !found.some((words) => words.includes(part)));
  expect({ unlisted, working }).toEqual({ unlisted: [], working: [] });
});
