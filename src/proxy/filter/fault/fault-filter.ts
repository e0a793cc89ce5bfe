// The fault filter: holds up and aborts requests on purpose. Order and rules are Envoy's
// (source/extensions/filters/http/fault/fault_filter.cc): the delay first, and the abort is decided when it is over.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { FaultConfig } from "../../config/fault-config.ts";
import type { HttpServices } from "../../http/connection-manager.ts";
import { FLAG } from "../../response-flags.ts";
import { pickCluster } from "../../route/pick-cluster.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { FilterStatus, FilterStream, HttpFilter, HttpFilterFactory } from "../filter.ts";
import { type Abort, type FaultSettings, settingsOf } from "./fault-settings.ts";
import { FaultStats } from "./fault-stats.ts";

/**
 * The filter of one connection manager. `statPrefix` is `http.<stat prefix>.fault.`; `config` is in force where the weighted
 * cluster, the route, its virtual host and the route configuration say nothing else.
 */
export function createFaultFactory(
  config: FaultConfig,
  statPrefix: string,
  services: Pick<HttpServices, "stats">,
): HttpFilterFactory {
  const stats = new FaultStats(services.stats, statPrefix);
  return { createFilter: (stream) => new FaultFilter(stream, config, stats) };
}

class FaultFilter implements HttpFilter, TimeoutOwner {
  readonly #stream: FilterStream;
  readonly #own: FaultConfig;
  readonly #stats: FaultStats;
  readonly #delayTimer: WheelTimer = new WheelTimer(this, 0);
  /** What holds the request up. */
  #delayedBy: FaultSettings | undefined = undefined;
  /** Counted in `active_faults`, once however many faults the stream suffers. */
  #isActive = false;

  constructor(stream: FilterStream, own: FaultConfig, stats: FaultStats) {
    this.#stream = stream;
    this.#own = own;
    this.#stats = stats;
  }

  onRequestHead(head: RequestHead): FilterStatus {
    const config = this.#configOf(head);
    if (config === "disabled") return "continue";
    const settings = settingsOf(config);
    if (!settings.matches(head, this.#stream.clusterName)) return "continue";
    const { wheel, nowMs, random } = this.#stream.dispatcher;
    const delayMs = settings.drawDelayMs(head, random);
    if (delayMs > 0 && this.#tryActivate(settings)) {
      this.#stats.delayInjected(head);
      this.#stream.addFlag(FLAG.DI);
      this.#delayedBy = settings;
      wheel.arm(this.#delayTimer, nowMs, delayMs);
      return "stop";
    }
    const abort = settings.drawAbort(head, random);
    if (abort === undefined || !this.#tryActivate(settings)) return "continue";
    this.#abort(head, abort);
    return "stop";
  }

  onStreamEnd(): void {
    if (!this.#isActive) return;
    this.#deactivate();
    this.#delayedBy = undefined;
    this.#stream.dispatcher.wheel.disarm(this.#delayTimer);
  }

  /** The delay is over. */
  onTimeout(_kind: number): void {
    const settings = this.#delayedBy;
    const head = this.#stream.requestHead;
    if (settings === undefined || head === undefined) return;
    this.#delayedBy = undefined;
    const abort = settings.drawAbort(head, this.#stream.dispatcher.random);
    if (abort !== undefined) {
      this.#abort(head, abort);
      return;
    }
    this.#deactivate();
    this.#stream.continueRequest();
  }

  /** The most specific level that has a fault; the filter's own does not add to it. */
  #configOf(head: RequestHead): FaultConfig | "disabled" {
    const { routeEntry, random } = this.#stream;
    if (routeEntry === undefined) return this.#own;
    // A choice's fault is its own or the route's. Without choices (a redirect, a header that names the cluster) it is the route's.
    const chosen =
      routeEntry.choices.length > 0 ? pickCluster(routeEntry, random, head) : routeEntry;
    return chosen?.fault ?? this.#own;
  }

  /** Makes the stream one of those that suffer a fault, unless there are too many. */
  #tryActivate({ maxActiveFaults }: FaultSettings): boolean {
    if (this.#isActive) return true;
    if (this.#stats.activeFaults >= maxActiveFaults) {
      this.#stats.overflowed();
      return false;
    }
    this.#isActive = true;
    this.#stats.faultStarted();
    return true;
  }

  #deactivate(): void {
    this.#isActive = false;
    this.#stats.faultEnded();
  }

  #abort(head: RequestHead, { status, grpcStatus }: Abort): void {
    this.#stats.abortInjected(head);
    this.#stream.addFlag(FLAG.FI);
    this.#stream.sendLocalReply(status, "fault filter abort", "fault_filter_abort", grpcStatus);
  }
}
