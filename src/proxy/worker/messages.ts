// What worker 0 and the other workers say to each other. Everything here is plain data: it is copied on the way.
import type { Resolution } from "#base/dns.ts";
import type { LogLevel } from "#base/log.ts";
import type { DrainOptions } from "../admin/admin-state.ts";
import type { EndpointsConfig } from "../config/cluster-config.ts";
import type { StatsReport } from "../stats/stats-report.ts";
import type { TapOrder } from "../tap/tap-sessions.ts";
import type { HostStats } from "../upstream/host.ts";
import type { SharedCounts } from "../upstream/resource-count.ts";
import type { WorkerSettings } from "./proxy-worker.ts";

/** To a worker; obeyed in order. */
export type WorkerCommand = WorkerStart | WorkerOrder | WorkerQuestion;

/** The first, and once. */
export interface WorkerStart {
  readonly kind: "start";
  readonly settings: WorkerSettings;
  readonly logLevel: LogLevel;
}

/** To all workers alike. Configurations are those that worker 0 has accepted, as the bytes of Envoy's messages. */
export type WorkerOrder =
  /** `counts` is not copied but shared: what circuit breakers limit, all workers count together. */
  | {
      readonly kind: "updateCluster";
      readonly addedViaApi: boolean;
      readonly body: Uint8Array;
      readonly counts: SharedCounts;
    }
  | { readonly kind: "removeCluster"; readonly name: string }
  | { readonly kind: "updateEndpoints"; readonly endpoints: EndpointsConfig }
  | { readonly kind: "removeEndpoints"; readonly serviceName: string }
  /** What worker 0 was answered for a name that its clusters look up. */
  | { readonly kind: "resolution"; readonly hostname: string; readonly resolution: Resolution }
  /** `port`: where worker 0 listens, chosen by the kernel when the configuration says 0. */
  | {
      readonly kind: "updateListener";
      readonly addedViaApi: boolean;
      readonly body: Uint8Array;
      readonly port: number;
    }
  | { readonly kind: "removeListener"; readonly name: string }
  | { readonly kind: "updateRoutes"; readonly body: Uint8Array }
  | { readonly kind: "removeRoutes"; readonly name: string }
  | { readonly kind: "setHealthChecksFailed"; readonly hasFailed: boolean }
  | { readonly kind: "drainListeners"; readonly options: DrainOptions }
  | { readonly kind: "setLogLevel"; readonly level: LogLevel }
  | { readonly kind: "resetCounters" }
  | { readonly kind: "reopenLogs" }
  | TapOrder;

/** Each is answered once, with its `id`. */
export type WorkerQuestion = { readonly kind: "ask"; readonly id: number } & (
  | { readonly what: "stats" | "hosts" }
  /** Answered when everything before it is in force. */
  | { readonly what: "applied" }
  /** Ends everything in order; answered when all is finished, or `limitMs` is over. */
  | { readonly what: "drained"; readonly limitMs: number }
);

/** To worker 0. */
export type WorkerAnswer = QuestionAnswer | TappedRequest;

export interface QuestionAnswer {
  readonly id: number;
  readonly stats?: StatsReport;
  readonly hosts?: HostsReport;
}

/** Not asked for: a request that the tap `tapId` wants to see. As many as `MAX_TRACES_PER_SECOND` lets through. */
export interface TappedRequest {
  readonly tapId: number;
  readonly text: string;
  /** How many were left out before it. */
  readonly dropped: number;
}

/** By cluster name, then by the host's address ("127.0.0.1:80"). */
export type HostsReport = ReadonlyMap<string, ReadonlyMap<string, HostReport>>;

export interface HostReport {
  readonly stats: HostStats;
  /** Bits of HEALTH_FLAG. */
  readonly healthFlags: number;
}
