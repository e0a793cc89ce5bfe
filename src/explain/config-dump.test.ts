// Reading a proxy's admin pages: both ways of writing names, what cannot be read, and certificates without their keys.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseConfigDump } from "./config-dump.ts";
import type { ProxyConfiguration } from "./proxy-configuration.ts";

/** Made by openssl: serial 0a1b2c3d4e5f, from 2026-11-24 01:43:57 to 2036-11-21 01:43:57 UTC. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZTCCAQugAwIBAgIGChssPU5fMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHRl
c3QwHhcNMjYxMTI0MDE0MzU3WhcNMzYxMTIxMDE0MzU3WjAPMQ0wCwYDVQQDDAR0
ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpTaASM66hX2WQaYzfMZz1CIr
ASMgRntT6+yJ/IJ6OlPHU/rcrIcmdYIQop0tSRGoEGRYYAiBaT/I8CV+hovEeKNT
MFEwHQYDVR0OBBYEFEHK67fHQIAMcjJUTvSrwTbJXsCqMB8GA1UdIwQYMBaAFEHK
67fHQIAMcjJUTvSrwTbJXsCqMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SAAwRQIgaOeiL9jUOOsl/11GOydu2ihhto2rYP5P/XG7vVl6t8cCIQDeRh0CZVn4
NFG0zX8rWghMEt1MLA6i+HQP79EhDszP/w==
-----END CERTIFICATE-----
`;

const TYPE = "type.googleapis.com/envoy.admin.v3.";

const DUMP = {
  configs: [
    {
      "@type": `${TYPE}ClustersConfigDump`,
      dynamic_active_clusters: [
        {
          cluster: {
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            name: "reviews",
            connect_timeout: "10s",
            a_field_of_next_year: true,
            filters: [
              {
                name: "x",
                typed_config: { "@type": "type.googleapis.com/unknown.Type", some: "thing" },
              },
            ],
          },
          error_state: { details: "no such field" },
        },
        { cluster: { name: "wrong", connect_timeout: "soon" } },
      ],
      dynamic_warming_clusters: [{ cluster: { name: "warming" } }],
      static_clusters: [{ cluster: { name: "static" } }],
    },
    {
      "@type": `${TYPE}SecretsConfigDump`,
      dynamic_active_secrets: [
        {
          name: "default",
          secret: {
            tls_certificate: {
              certificate_chain: { inline_bytes: Buffer.from(CERTIFICATE).toString("base64") },
              private_key: { inline_bytes: "cGxhbnRlZA==" },
            },
          },
        },
        { name: "broken", secret: { validation_context: { trusted_ca: { inline_string: "x" } } } },
      ],
    },
  ],
};

const CLUSTERS = {
  cluster_statuses: [
    {
      name: "reviews",
      host_statuses: [
        {
          address: { socket_address: { address: "127.0.1.5", port_value: 15006 } },
          health_status: { failed_outlier_check: true, eds_health_status: "HEALTHY" },
          weight: 2,
          stats: [{ name: "rq_total", value: "7" }],
        },
      ],
    },
  ],
};

const camelCase = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value).replace(
      /"([a-z]+(?:_[a-z]+)+)":/g,
      (_, name: string) => `"${name.replace(/_([a-z])/g, (__, c: string) => c.toUpperCase())}":`,
    ),
  );

function parse(dump: unknown, clusters?: unknown): ProxyConfiguration {
  const parsed = parseConfigDump(
    JSON.stringify(dump),
    clusters === undefined ? undefined : JSON.stringify(clusters),
  );
  if (parsed.kind === "failed") throw new Error(parsed.reason);
  return parsed.configuration;
}

describe.each([
  ["Envoy's names", DUMP, CLUSTERS],
  ["istioctl's names", camelCase(DUMP), camelCase(CLUSTERS)],
])("%s", (_, dump, clusters) => {
  const configuration = parse(dump, clusters);

  test("what came by xDS before what is static; what cannot be read is named", () => {
    expect(configuration.clusters.map(({ name }) => name)).toEqual(["reviews", "static"]);
    expect(configuration.unreadable).toMatchObject([{ kind: "cluster", name: "wrong" }]);
    expect(configuration.warming).toEqual([{ kind: "cluster", name: "warming" }]);
    expect(configuration.rejected).toEqual([
      { kind: "cluster", name: "reviews", details: "no such field" },
    ]);
  });

  test("an extension of an unknown type keeps its name", () => {
    const [reviews] = configuration.clusters;
    expect(reviews?.filters[0]?.typedConfig?.typeUrl).toBe("type.googleapis.com/unknown.Type");
  });

  test("hosts have their health", () => {
    expect(configuration.hosts.get("reviews")).toMatchObject([
      {
        address: "127.0.1.5:15006",
        health: "HEALTHY",
        failed: { outlierCheck: true, activeHealthCheck: false },
        weight: 2,
        requests: { total: 7, error: 0 },
      },
    ]);
  });

  test("a secret is its certificate's serial and times, and nothing of its key", () => {
    expect(configuration.secrets).toEqual([
      {
        name: "default",
        status: "ACTIVE",
        type: "Cert Chain",
        certificate: {
          serialNumber: "a1b2c3d4e5f",
          notBeforeMs: Date.UTC(2026, 10, 24, 1, 43, 57),
          notAfterMs: Date.UTC(2036, 10, 21, 1, 43, 57),
        },
      },
      { name: "broken", status: "ACTIVE", type: "CA", certificate: undefined },
    ]);
    expect(JSON.stringify(configuration.secrets)).not.toContain("cGxhbnRlZA");
  });
});

test.each([
  ["", "it is no JSON object"],
  ["[]", "it is no JSON object"],
  ["{}", 'it has no "configs", so it is no configuration dump of Envoy'],
])("%j is no dump", (text, reason) => {
  expect(parseConfigDump(text)).toEqual({ kind: "failed", reason });
});

test("nothing that a proxy may answer throws", () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (entry, clusters) => {
      const section = {
        "@type": `${TYPE}ClustersConfigDump`,
        static_clusters: [JSON.parse(entry)],
      };
      const whole = {
        configs: [
          section,
          JSON.parse(entry),
          { "@type": `${TYPE}SecretsConfigDump`, static_secrets: [JSON.parse(clusters)] },
        ],
      };
      expect(() => parseConfigDump(JSON.stringify(whole), clusters)).not.toThrow();
      expect(() => parseConfigDump(entry, clusters)).not.toThrow();
    }),
  );
});
