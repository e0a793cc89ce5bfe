// A running proxy's configuration, fetched from its admin pages: the same for ours and for Envoy.
import { parseConfigDump } from "#explain/config-dump.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import type { AdminClient } from "./admin-client.ts";

export type LoadedConfiguration =
  | { readonly kind: "loaded"; readonly configuration: ProxyConfiguration }
  /** `message` is a whole sentence with the address. */
  | { readonly kind: "failed"; readonly message: string };

/** With endpoints, and the health of hosts. */
export async function loadProxyConfiguration(admin: AdminClient): Promise<LoadedConfiguration> {
  const [dump, clusters] = await Promise.all([
    admin.get("/config_dump?include_eds"),
    admin.get("/clusters?format=json"),
  ]);
  if (dump.kind === "failed") return dump;
  if (clusters.kind === "failed") return clusters;
  const parsed = parseConfigDump(dump.body, clusters.body);
  if (parsed.kind === "parsed") return { kind: "loaded", configuration: parsed.configuration };
  const where = formatSocketAddress(admin.address);
  return {
    kind: "failed",
    message: `The configuration dump of the proxy at ${where} cannot be read: ${parsed.reason}`,
  };
}
