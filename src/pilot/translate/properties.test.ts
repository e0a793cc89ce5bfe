// What Envoy demands of every configuration, whatever the mesh: one name, one domain, one filter chain match twice, and it
// refuses all of it.
import { expect, test } from "bun:test";
import { create, type JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type { FilterChain } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { parseObjects } from "../config/parse-objects.ts";
import { buildSnapshot } from "../model/build-snapshot.ts";
import { parseProxy } from "../model/parse-proxy.ts";
import type { Proxy } from "../model/proxy.ts";
import { clusters } from "./cluster.ts";
import { listeners } from "./listener/listener.ts";
import { routes } from "./route/route.ts";

// Few names and ports, so that they meet.
const HOSTS = [
  "a.default.svc.cluster.local",
  "b.default.svc.cluster.local",
  "a.other.svc.cluster.local",
  "a.default.svc.cluster.local.example.com",
  "A.Example.com",
  "*.example.com",
  "x.example.com",
  "a.default",
];
const protocol = fc.constantFrom("HTTP", "HTTP2", "TCP", "TLS", "HTTPS", "MySQL", "");
const ports = fc.uniqueArray(fc.record({ number: fc.constantFrom(80, 81, 443), protocol }), {
  selector: ({ number }) => number,
  minLength: 1,
  maxLength: 3,
});
const service = fc.record({
  hosts: fc.constantFrom(...HOSTS).map((host) => [host]),
  namespace: fc.constantFrom("default", "other"),
  ports,
  addresses: fc.constantFrom([], ["10.0.0.1"], ["10.0.0.2"], ["10.1.0.0/16"]),
  resolution: fc.constantFrom("STATIC", "DNS", "NONE"),
});
const virtualService = fc.record({
  hosts: fc.uniqueArray(fc.constantFrom(...HOSTS, "*.default.svc.cluster.local"), {
    minLength: 1,
    maxLength: 2,
  }),
  namespace: fc.constantFrom("default", "other"),
  destination: fc.constantFrom(
    "a.default.svc.cluster.local",
    "b.default.svc.cluster.local",
    "x.example.com",
  ),
  kind: fc.constantFrom("http", "tcp", "tls"),
});

interface ServiceShape {
  readonly hosts: readonly string[];
  readonly namespace: string;
  readonly ports: readonly { readonly number: number; readonly protocol: string }[];
  readonly addresses: readonly string[];
  readonly resolution: string;
}

interface VirtualServiceShape {
  readonly hosts: readonly string[];
  readonly namespace: string;
  readonly destination: string;
  readonly kind: string;
}

/** A wildcard has no addresses to look up, and a network is nothing that DNS answers with. */
function possible(wanted: string, hosts: readonly string[], addresses: readonly string[]): string {
  if (hosts.some((host) => host.startsWith("*"))) return "NONE";
  return wanted === "DNS" && addresses.some((address) => address.includes("/")) ? "STATIC" : wanted;
}

function meshOf(
  services: readonly ServiceShape[],
  virtualServices: readonly VirtualServiceShape[],
): string {
  const documents = [
    ...services.map(({ hosts, namespace, ports: list, addresses, resolution: wanted }, i) => {
      const resolution = possible(wanted, hosts, addresses);
      return {
        apiVersion: "networking.istio.io/v1",
        kind: "ServiceEntry",
        metadata: { name: `s${i}`, namespace },
        spec: {
          hosts,
          addresses,
          resolution,
          ports: list.map((port) => ({ ...port, name: `p${port.number}` })),
          ...(resolution === "STATIC" && { endpoints: [{ address: `10.9.0.${i + 1}` }] }),
        },
      };
    }),
    ...virtualServices.map(({ hosts, namespace, destination, kind }, i) => {
      const route = [{ destination: { host: destination, port: { number: 80 } } }];
      return {
        apiVersion: "networking.istio.io/v1",
        kind: "VirtualService",
        metadata: { name: `v${i}`, namespace },
        spec: {
          hosts,
          [kind]: [kind === "tls" ? { match: [{ sniHosts: hosts }], route } : { route }],
        },
      };
    }),
  ];
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

function proxy(type: string, metadata: JsonObject): Proxy {
  const id = `${type}~127.0.1.1~client.default~default.svc.cluster.local`;
  return parseProxy(create(NodeSchema, { id, metadata: { NAMESPACE: "default", ...metadata } }))
    .proxy;
}

const PROXIES: readonly Proxy[] = [
  proxy("sidecar", { INTERCEPTION_MODE: "NONE", HTTP_PROXY_PORT: "15001" }),
  proxy("sidecar", { INTERCEPTION_MODE: "REDIRECT" }),
  proxy("sidecar", { INTERCEPTION_MODE: "NONE", SAMPAN_HOST_SIDECAR: "true" }),
];
const ROUTES = ["80", "81", "443", "http_proxy", "a.default.svc.cluster.local:80"];

/** Every combination of network and server name that a chain takes. */
function matchesOf({ filterChainMatch: match }: FilterChain): string[] {
  const networks = match?.prefixRanges.map((r) => `${r.addressPrefix}/${r.prefixLen}`) ?? [];
  const rest = [match?.destinationPort ?? 0, match?.applicationProtocols ?? []];
  return (networks.length === 0 ? [""] : networks).flatMap((network) =>
    (match?.serverNames.length ? match.serverNames : [""]).map((name) =>
      JSON.stringify([network, name, rest]),
    ),
  );
}

function expectDistinct(names: readonly string[]): void {
  expect(names).toEqual([...new Set(names)]);
}

test("names, domains and filter chain matches are there once, in any mesh", () => {
  fc.assert(
    fc.property(
      fc.array(service, { maxLength: 6 }),
      fc.array(virtualService, { maxLength: 5 }),
      (services, virtualServices) => {
        const { objects } = parseObjects(meshOf(services, virtualServices), "mesh.yaml");
        const { snapshot } = buildSnapshot(objects, []);
        for (const one of PROXIES) {
          expectDistinct(clusters(one, snapshot).map(({ name }) => name));
          const all = listeners(one, snapshot);
          expectDistinct(all.map(({ name }) => name));
          for (const { message } of all) {
            expectDistinct(message.filterChains.flatMap((chain) => matchesOf(chain)));
          }
          for (const name of ROUTES) {
            const { virtualHosts } = routes(one, snapshot, name).message;
            expectDistinct(virtualHosts.map((host) => host.name));
            expectDistinct(
              virtualHosts.flatMap(({ domains }) => domains.map((d) => d.toLowerCase())),
            );
            for (const { domains } of virtualHosts) expect(domains.length).toBeGreaterThan(0);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("the random meshes above are not refused at the door", () => {
  fc.assert(
    fc.property(fc.array(service, { minLength: 1, maxLength: 3 }), (services) => {
      const { objects, problems } = parseObjects(meshOf(services, []), "mesh.yaml");
      expect([problems.filter(({ severity }) => severity === "error"), objects.length]).toEqual([
        [],
        services.length,
      ]);
    }),
    { numRuns: 50 },
  );
});
