// Asks every proxy of the mesh what it has counted, some at a time; a proxy that does not answer is named and asked again.
import type { Clock } from "#base/clock.ts";
import type { HttpClient } from "#base/http-client.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { AdminClient } from "../client/admin-client.ts";
import { loadMesh } from "../client/mesh-names.ts";
import type { PilotClient } from "../client/pilot-client.ts";
import { adminAddressOf } from "../client/proxies.ts";
import { parseClusterStats, STATS_PATH } from "./cluster-stats.ts";
import { MAX_CONCURRENT_POLLS, MAX_PROXIES, POLL_TIMEOUT_MS } from "./limits.ts";
import type { TrafficWindow } from "./window.ts";

export interface Polled {
  readonly proxyCount: number;
  /** Proxies beyond the limit: not asked. */
  readonly leftOut: number;
  readonly failures: readonly { readonly proxy: string; readonly reason: string }[];
  /** Of the registry, for rows without traffic. */
  readonly services: readonly string[];
  readonly workloads: readonly string[];
  readonly proxies: readonly string[];
  /** Why the pilot could not be asked: the proxies are those of before. */
  readonly pilotProblem: string | undefined;
}

interface Known {
  readonly proxies: readonly ProxyReport[];
  readonly services: readonly string[];
}

export class Poller {
  readonly #pilot: PilotClient;
  readonly #httpClient: HttpClient;
  readonly #clock: Clock;
  readonly #window: TrafficWindow;
  #known: Known = { proxies: [], services: [] };

  constructor(pilot: PilotClient, httpClient: HttpClient, clock: Clock, window: TrafficWindow) {
    this.#pilot = pilot;
    this.#httpClient = httpClient;
    this.#clock = clock;
    this.#window = window;
  }

  /** One sample of every proxy goes into the window. */
  async poll(): Promise<Polled> {
    const mesh = await loadMesh(this.#pilot);
    if (mesh.kind === "loaded") {
      this.#known = { proxies: mesh.proxies, services: mesh.names.serviceNames };
    }
    const { proxies: all, services } = this.#known;
    const proxies = all.slice(0, MAX_PROXIES);
    this.#window.keep(new Set(proxies.map(nameOf)));
    const failures: { readonly proxy: string; readonly reason: string }[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (;;) {
        const proxy = proxies[next];
        next += 1;
        if (proxy === undefined) return;
        const reason = await this.#ask(proxy);
        if (reason !== undefined) failures.push({ proxy: nameOf(proxy), reason });
      }
    };
    const workers = Math.min(MAX_CONCURRENT_POLLS, proxies.length);
    await Promise.all(Array.from({ length: workers }, work));
    return {
      proxyCount: proxies.length,
      leftOut: all.length - proxies.length,
      failures,
      services,
      workloads: proxies.filter(({ type }) => type === "sidecar").map(nameOf),
      proxies: proxies.map(nameOf),
      pilotProblem: mesh.kind === "failed" ? mesh.message : undefined,
    };
  }

  /** Why it gave no sample; undefined when it did. */
  async #ask(proxy: ProxyReport): Promise<string | undefined> {
    const admin = new AdminClient(this.#httpClient, adminAddressOf(proxy), POLL_TIMEOUT_MS);
    const answer = await admin.get(STATS_PATH);
    if (answer.kind === "failed") return answer.message;
    const stats = parseClusterStats(answer.body);
    if (stats === undefined) return "its statistics are no JSON that is known";
    this.#window.add(nameOf(proxy), this.#clock.nowMs(), stats);
    return undefined;
  }
}

/** Names of two namespaces may be the same. */
const nameOf = ({ name, namespace }: ProxyReport): string =>
  namespace === "default" ? name : `${name}.${namespace}`;
