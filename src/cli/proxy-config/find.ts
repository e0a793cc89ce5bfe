// Whose configuration `sampan proxy-config` shows: a connected proxy's by its admin pages, or that in a file.
import type { SocketAddress } from "#base/net.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { AdminClient } from "../client/admin-client.ts";
import { PilotClient } from "../client/pilot-client.ts";
import { findProxy } from "../client/proxies.ts";
import { loadProxyConfiguration } from "../client/proxy-configuration.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell } from "../shell/shell.ts";
import { fromDump } from "../why/find-configuration.ts";

export interface WhichProxy {
  readonly proxy: string | undefined;
  readonly pilot: SocketAddress;
  /** An admin page, without a pilot. */
  readonly admin: SocketAddress | undefined;
  readonly file: string | undefined;
  readonly clustersFile: string | undefined;
}

export type FoundAdmin =
  | { readonly kind: "found"; readonly admin: AdminClient }
  | { readonly kind: "failed"; readonly message: string; readonly status: number };

export type FoundProxyConfiguration =
  | { readonly kind: "found"; readonly configuration: ProxyConfiguration }
  | { readonly kind: "failed"; readonly message: string; readonly status: number };

export async function findAdmin(
  shell: Shell,
  { proxy, pilot, admin }: Pick<WhichProxy, "proxy" | "pilot" | "admin">,
): Promise<FoundAdmin> {
  const { httpClient } = shell;
  if (admin !== undefined) return { kind: "found", admin: new AdminClient(httpClient, admin) };
  if (proxy === undefined) {
    const message =
      'Which proxy? Name one: "sampan proxy-status" lists them; or give --admin or --file.';
    return { kind: "failed", message, status: EXIT.usage };
  }
  const found = await findProxy(new PilotClient(httpClient, pilot), proxy);
  if (found.kind === "failed") return { ...found, status: EXIT.failed };
  return { kind: "found", admin: new AdminClient(httpClient, found.admin) };
}

export async function findProxyConfiguration(
  shell: Shell,
  which: WhichProxy,
): Promise<FoundProxyConfiguration> {
  if (which.file !== undefined) return await fromDump(shell, which.file, which.clustersFile);
  const found = await findAdmin(shell, which);
  if (found.kind === "failed") return found;
  const loaded = await loadProxyConfiguration(found.admin);
  if (loaded.kind === "failed") return { ...loaded, status: EXIT.failed };
  return { kind: "found", configuration: loaded.configuration };
}
