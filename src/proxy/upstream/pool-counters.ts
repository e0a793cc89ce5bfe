// What a connection pool counts and is limited by: circuit breakers, the cluster's statistics and the host's, always together.
import { CLUSTER } from "../stats/schema/cluster.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { CircuitBreaker, Priority } from "./circuit-breaker.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import type { Host, HostStats } from "./host.ts";

export type ClosedBy = "local" | "remote";

export class PoolCounters {
  readonly #cluster: ClusterInfo;
  readonly #breaker: CircuitBreaker;
  readonly #stats: StatBlock<"cluster">;
  readonly #host: HostStats;

  constructor(host: Host, priority: Priority) {
    this.#cluster = host.cluster;
    this.#breaker = host.cluster.breaker(priority);
    this.#stats = host.cluster.stats;
    this.#host = host.stats;
  }

  /** Whether the circuit breakers let another connection be opened; a refusal counts. */
  mayConnect(): boolean {
    const perHost = this.#breaker.maxConnectionsPerHost;
    const isFull = perHost !== undefined && this.#host.cxActive >= perHost;
    if (!isFull && this.#breaker.connections.canAcquire) return true;
    this.#stats.inc(CLUSTER.upstream_cx_overflow);
    return false;
  }

  connectionOpened(isHttp1: boolean): void {
    this.#breaker.connections.acquire();
    this.#stats.inc(CLUSTER.upstream_cx_total);
    this.#stats.inc(CLUSTER.upstream_cx_active);
    if (isHttp1) this.#stats.inc(CLUSTER.upstream_cx_http1_total);
    this.#host.cxTotal += 1;
    this.#host.cxActive += 1;
  }

  connected(afterMs: number): void {
    this.#cluster.connectMs.record(afterMs);
  }

  connectFailed(isTimeout: boolean): void {
    this.#stats.inc(CLUSTER.upstream_cx_connect_fail);
    if (isTimeout) this.#stats.inc(CLUSTER.upstream_cx_connect_timeout);
    this.#host.cxConnectFail += 1;
  }

  connectionClosed(closedBy: ClosedBy, lengthMs: number, requestCount: number): void {
    this.#breaker.connections.release();
    this.#stats.dec(CLUSTER.upstream_cx_active);
    this.#stats.inc(CLUSTER.upstream_cx_destroy);
    this.#stats.inc(
      closedBy === "local" ? CLUSTER.upstream_cx_destroy_local : CLUSTER.upstream_cx_destroy_remote,
    );
    this.#host.cxActive -= 1;
    this.#cluster.connectionLengthMs.record(lengthMs);
    this.#cluster.requestsPerConnection.record(requestCount);
  }

  closedWithRequest(closedBy: ClosedBy): void {
    this.#stats.inc(CLUSTER.upstream_cx_destroy_with_active_rq);
    this.#stats.inc(
      closedBy === "local"
        ? CLUSTER.upstream_cx_destroy_local_with_active_rq
        : CLUSTER.upstream_cx_destroy_remote_with_active_rq,
    );
  }

  /** Lets a request wait for a connection, unless too many do; a refusal counts. */
  tryWait(): boolean {
    if (!this.#breaker.pendingRequests.tryAcquire()) {
      this.#stats.inc(CLUSTER.upstream_rq_pending_overflow);
      return false;
    }
    this.#stats.inc(CLUSTER.upstream_rq_pending_total);
    this.#stats.inc(CLUSTER.upstream_rq_pending_active);
    this.#host.rqPendingActive += 1;
    return true;
  }

  waitEnded(): void {
    this.#breaker.pendingRequests.release();
    this.#stats.dec(CLUSTER.upstream_rq_pending_active);
    this.#host.rqPendingActive -= 1;
  }

  waitCancelled(): void {
    this.#stats.inc(CLUSTER.upstream_rq_cancelled);
  }

  waitFailed(): void {
    this.#stats.inc(CLUSTER.upstream_rq_pending_failure_eject);
  }

  /** Lets a request go on its way, unless too many are; a refusal counts. */
  tryStartRequest(): boolean {
    if (!this.#breaker.requests.tryAcquire()) {
      this.#stats.inc(CLUSTER.upstream_rq_active_overflow);
      return false;
    }
    this.#stats.inc(CLUSTER.upstream_rq_total);
    this.#stats.inc(CLUSTER.upstream_rq_active);
    this.#host.rqTotal += 1;
    this.#host.rqActive += 1;
    return true;
  }

  requestEnded(): void {
    this.#breaker.requests.release();
    this.#stats.dec(CLUSTER.upstream_rq_active);
    this.#host.rqActive -= 1;
  }

  maxRequestsReached(): void {
    this.#stats.inc(CLUSTER.upstream_cx_max_requests);
  }

  idleTimedOut(): void {
    this.#stats.inc(CLUSTER.upstream_cx_idle_timeout);
  }

  maxDurationReached(): void {
    this.#stats.inc(CLUSTER.upstream_cx_max_duration_reached);
  }
}
