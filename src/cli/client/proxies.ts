// The proxies of a mesh as the pilot knows them, and the one that a person means by a name.
import { nearest } from "#base/nearest.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { parseSocketAddress } from "../shell/socket-address.ts";
import type { PilotClient } from "./pilot-client.ts";

export type FoundProxy =
  | { readonly kind: "found"; readonly report: ProxyReport; readonly admin: SocketAddress }
  | { readonly kind: "failed"; readonly message: string };

/** Where Envoy's admin pages are in a mesh; a proxy elsewhere says so in its metadata, SAMPAN_ADMIN_ADDRESS. */
const DEFAULT_ADMIN_PORT = 15000;

export function adminAddressOf(report: ProxyReport): SocketAddress {
  const told = parseSocketAddress(report.adminAddress ?? "");
  return told ?? { host: report.ipAddress, port: DEFAULT_ADMIN_PORT };
}

/** `name` is "reviews-v1-1", "reviews-v1-1.default", or the node id. */
export async function findProxy(pilot: PilotClient, name: string): Promise<FoundProxy> {
  const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
  const report =
    answer.value.find(({ proxy }) => proxy === name) ??
    answer.value.find((found) => `${found.name}.${found.namespace}` === name) ??
    answer.value.find((found) => found.name === name);
  if (report !== undefined) return { kind: "found", report, admin: adminAddressOf(report) };
  const names = answer.value.map((found) => found.name);
  const near = nearest(name, names);
  const hint =
    near === undefined
      ? `connected are ${names.length === 0 ? "none" : names.join(", ")}`
      : `did you mean ${near}?`;
  return { kind: "failed", message: `No proxy "${name}" is connected to the pilot: ${hint}` };
}
