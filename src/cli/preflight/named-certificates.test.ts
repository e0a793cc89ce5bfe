// Certificate files wherever a configuration names them, and nothing that only looks like one.
import { expect, test } from "bun:test";
import { namedCertificates } from "./named-certificates.ts";

const at = (value: unknown): readonly string[] =>
  namedCertificates(value, "f.yaml").map(({ path, namedBy }) => `${path} ${namedBy}`);

test.each<[string, unknown, readonly string[]]>([
  [
    "Envoy's data sources",
    {
      common_tls_context: {
        tls_certificates: [
          { certificate_chain: { filename: "/c.pem" }, private_key: { filename: "/k.pem" } },
        ],
        validation_context: { trusted_ca: { filename: "/ca.pem" } },
      },
    },
    [
      "/c.pem f.yaml: common_tls_context.tls_certificates[0].certificate_chain",
      "/ca.pem f.yaml: common_tls_context.validation_context.trusted_ca",
    ],
  ],
  ["in JSON's spelling", { trustedCa: { filename: "/ca.pem" } }, ["/ca.pem f.yaml: trustedCa"]],
  ["inline ones are no files", { certificate_chain: { inline_string: "-----BEGIN" } }, []],
  [
    "Istio's paths",
    { servers: [{ tls: { serverCertificate: "/c.pem", caCertificates: "" } }] },
    ["/c.pem f.yaml: servers[0].tls.serverCertificate"],
  ],
  ["the system's own are no file", { tls: { caCertificates: "system" } }, []],
  [
    "a number where a path belongs",
    { serverCertificate: 7, certificate_chain: 7, trusted_ca: null },
    [],
  ],
  ["no object at all", "text", []],
  ["nothing", undefined, []],
])("%s", (_name, value, expected) => {
  expect(at(value)).toEqual(expected);
});

test("a value nested without end is left at a depth that no message has", () => {
  const endless: Record<string, unknown> = { serverCertificate: "/c.pem" };
  endless["self"] = endless;
  expect(at(endless).length).toBeLessThan(100);
});
