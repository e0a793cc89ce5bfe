// Whose configuration decides: a connected proxy's by its admin pages, a folder's by translation, or a dump's.
import { isIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import { parseConfigDump } from "#explain/config-dump.ts";
import type { Explanation } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { keyOf, originsOf, type Source, withSources } from "#explain/sources.ts";
import type { FieldPosition } from "#pilot/api/position-page.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { AdminClient } from "../client/admin-client.ts";
import { loadFolderConfiguration } from "../client/folder-configuration.ts";
import type { FolderWorld } from "../client/folder-world.ts";
import type { PilotClient } from "../client/pilot-client.ts";
import { adminAddressOf } from "../client/proxies.ts";
import { loadProxyConfiguration } from "../client/proxy-configuration.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell } from "../shell/shell.ts";
import { isWorkload } from "../tap/tap-filters.ts";
import { folderSource } from "./folder-source.ts";
import type { WantedRequest } from "./wanted-request.ts";

export interface FoundConfiguration {
  readonly kind: "found";
  /** "productpage-v1-1", or the file. */
  readonly from: string;
  readonly configuration: ProxyConfiguration;
  /** The explanation with file and line, as far as anybody knows. */
  place(explanation: Explanation): Promise<Explanation>;
}

export type ConfigurationSearch =
  | FoundConfiguration
  | { readonly kind: "failed"; readonly message: string; readonly status: number };

const failed = (message: string, status: number = EXIT.failed): ConfigurationSearch => ({
  kind: "failed",
  message,
  status,
});

const unplaced = (explanation: Explanation): Promise<Explanation> => Promise.resolve(explanation);

export async function fromDump(
  shell: Shell,
  dumpPath: string,
  clustersPath: string | undefined,
): Promise<ConfigurationSearch> {
  const dump = await readText(shell, dumpPath);
  if (typeof dump !== "string") return failed(dump.message, EXIT.unreadable);
  const clusters = clustersPath === undefined ? undefined : await readText(shell, clustersPath);
  if (clusters !== undefined && typeof clusters !== "string") {
    return failed(clusters.message, EXIT.unreadable);
  }
  const parsed = parseConfigDump(dump, clusters);
  if (parsed.kind === "failed") {
    const message = `Cannot read ${quoted(dumpPath)} as a configuration dump: ${parsed.reason}`;
    return failed(
      `${message}\nMake one by: curl -s 'http://ADMIN/config_dump?include_eds'`,
      EXIT.unreadable,
    );
  }
  const { configuration } = parsed;
  return { kind: "found", from: dumpPath, configuration, place: unplaced };
}

/** "-" is stdin. */
async function readText(shell: Shell, path: string): Promise<string | { message: string }> {
  if (path === "-") return await shell.terminal.readInput();
  const read = await shell.files.read(path);
  if (read.kind === "failed") return { message: `Cannot read ${quoted(path)}: ${read.reason}` };
  return new TextDecoder().decode(read.bytes);
}

export async function fromFolder(
  shell: Shell,
  folder: string,
  from: string | undefined,
): Promise<ConfigurationSearch> {
  const loaded = await loadFolderConfiguration(shell, folder, { from });
  if (loaded.kind === "failed") {
    return failed(loaded.message, loaded.isUnreadable ? EXIT.unreadable : EXIT.failed);
  }
  const { configuration, world } = loaded;
  return {
    kind: "found",
    from: from ?? "a client without labels",
    configuration,
    place: (explanation) => Promise.resolve(placedBy(world, explanation)),
  };
}

function placedBy(world: FolderWorld, explanation: Explanation): Explanation {
  return withSources(explanation, folderSource(world.objects));
}

export async function fromMesh(
  shell: Shell,
  pilot: PilotClient,
  from: string | undefined,
  { target }: WantedRequest,
): Promise<ConfigurationSearch> {
  const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return failed(answer.message);
  const chosen = chooseProxy(answer.value, from, target?.host);
  if (typeof chosen === "string") return failed(chosen);
  const loaded = await loadProxyConfiguration(
    new AdminClient(shell.httpClient, adminAddressOf(chosen)),
  );
  if (loaded.kind === "failed") return failed(loaded.message);
  const { configuration } = loaded;
  return {
    kind: "found",
    from: chosen.name,
    configuration,
    place: (explanation) => placedByPilot(pilot, explanation),
  };
}

/** The one that is named; else the gateway for its address and for paths alone, and the host sidecar for names of services. */
function chooseProxy(
  proxies: readonly ProxyReport[],
  from: string | undefined,
  host: string | undefined,
): ProxyReport | string {
  if (from !== undefined) return namedProxy(proxies, from);
  const gateway = proxies.find(({ type }) => type === "router");
  const isForGateway =
    host === undefined ||
    host === "localhost" ||
    (isIp(host) && (host === gateway?.ipAddress || host === "127.0.0.1"));
  if (isForGateway && gateway !== undefined) return gateway;
  const hostSidecar = proxies.find(({ name, type }) => type === "sidecar" && name === "host");
  if (hostSidecar !== undefined && !isForGateway) return hostSidecar;
  const names = proxies.map(({ name }) => name);
  if (names.length === 0) return "No proxy is connected to the pilot.";
  return `Who asks? Name the workload by --from: ${names.join(", ")}`;
}

function namedProxy(proxies: readonly ProxyReport[], from: string): ProxyReport | string {
  const found =
    proxies.find(({ proxy }) => proxy === from) ??
    proxies.find(({ name, namespace }) => name === from || `${name}.${namespace}` === from) ??
    proxies.find(
      ({ name, type }) => isWorkload(name, from) || (type === "router" && from === "gateway"),
    );
  if (found !== undefined) return found;
  const names = proxies.map(({ name }) => name);
  const stems = names.flatMap((name) => [name.replace(/-\d+$/, ""), name.replace(/-.*$/, "")]);
  const near = nearest(from, [...names, ...stems]);
  const hint =
    near === undefined
      ? `connected are ${names.length === 0 ? "none" : names.join(", ")}`
      : `did you mean ${near}?`;
  return `No proxy ${quoted(from)} is connected to the pilot: ${hint}`;
}

/** A pilot that cannot say costs the lines, not the explanation. */
async function placedByPilot(pilot: PilotClient, explanation: Explanation): Promise<Explanation> {
  const origins = originsOf(explanation);
  if (origins.length === 0) return explanation;
  const query = origins.map((origin) => `at=${encodeURIComponent(keyOf(origin))}`).join("&");
  const answer = await pilot.get<readonly FieldPosition[]>(`/debug/positionz?${query}`);
  if (answer.kind !== "answered") return explanation;
  const sources = new Map<string, Source>();
  for (const [i, origin] of origins.entries()) {
    const source = answer.value[i]?.source;
    if (source !== undefined && source !== null) sources.set(keyOf(origin), source);
  }
  return withSources(explanation, (origin) => sources.get(keyOf(origin)));
}
