// What a bug report takes from the running mesh: the pilot's pages, and the admin pages of every proxy.
import type { HttpClient } from "#base/http-client.ts";
import type { SocketAddress } from "#base/net.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import type { Part, PartContent } from "./collect.ts";

/** A part that hangs must not hold the report for long. */
const TIMEOUT_MS = 10_000;

/** Those beyond are named as missing: a report of a thousand proxies says no more than one of fifty. */
const MAX_PROXIES = 50;

/** From a path in the archive to the page. */
const PILOT_PAGES: Readonly<Record<string, string>> = {
  "pilot/metrics.txt": "/metrics",
  "pilot/configz.json": "/debug/configz",
  "pilot/problemz.json": "/debug/problemz",
  "pilot/syncz.json": "/debug/syncz",
  "pilot/registryz.json": "/debug/registryz",
};

const PROXY_PAGES: Readonly<Record<string, string>> = {
  "server_info.json": "/server_info",
  "config_dump.json": "/config_dump?include_eds",
  "clusters.json": "/clusters?format=json",
  "listeners.json": "/listeners?format=json",
  "stats.txt": "/stats?usedonly",
};

/** One proxy of the mesh and where its admin pages are. */
export interface ReportedProxy {
  /** "reviews-v1-1.default" */
  readonly name: string;
  readonly admin: SocketAddress;
}

async function readPage(
  httpClient: HttpClient,
  address: SocketAddress,
  page: string,
): Promise<PartContent> {
  const url = `http://${formatSocketAddress(address)}${page}`;
  const answer = await httpClient.request({ method: "GET", url, timeoutMs: TIMEOUT_MS });
  if (answer.kind === "failed") return { kind: "missing", reason: `${url}: ${answer.reason}` };
  if (answer.status !== 200) return { kind: "missing", reason: `${url}: status ${answer.status}` };
  return { kind: "text", text: answer.body };
}

export function pilotParts(httpClient: HttpClient, pilot: SocketAddress): readonly Part[] {
  return Object.entries(PILOT_PAGES).map(([path, page]) => ({
    path,
    read: () => readPage(httpClient, pilot, page),
  }));
}

/** A name from the network as the name of a folder. */
const folderName = (name: string): string =>
  name
    .replace(/[^\w.-]/g, "_")
    .replace(/\.{2,}/g, "_")
    .slice(0, 100) || "_";

export function proxyParts(
  httpClient: HttpClient,
  proxies: readonly ReportedProxy[],
): readonly Part[] {
  return proxies.flatMap(({ name, admin }, index): readonly Part[] => {
    const folder = `proxies/${folderName(name)}`;
    if (index >= MAX_PROXIES) {
      const reason = `only the first ${MAX_PROXIES} proxies are taken`;
      return [{ path: folder, read: () => ({ kind: "missing", reason }) }];
    }
    return Object.entries(PROXY_PAGES).map(([file, page]) => ({
      path: `${folder}/${file}`,
      read: () => readPage(httpClient, admin, page),
    }));
  });
}
