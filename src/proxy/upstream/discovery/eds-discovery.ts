// EDS: endpoints that the control plane assigns. The cluster warms with the first assignment, or without when none comes in time.
import type { Discovery as DiscoveryConfig, EndpointsConfig } from "../../config/cluster-config.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Discovery, DiscoveryOwner } from "./discovery.ts";

export class EdsDiscovery implements Discovery, TimeoutOwner {
  readonly #owner: DiscoveryOwner;
  readonly #initialFetchTimeoutMs: number;
  readonly #timer: WheelTimer = new WheelTimer(this, 0);
  #isClosed = false;

  constructor(owner: DiscoveryOwner, config: DiscoveryConfig & { kind: "eds" }) {
    this.#owner = owner;
    this.#initialFetchTimeoutMs = config.initialFetchTimeoutMs;
  }

  start(): void {
    const { loop, stats } = this.#owner.info;
    stats.inc(CLUSTER.update_attempt);
    // 0 turns the timeout off: the cluster waits for as long as it takes.
    if (this.#initialFetchTimeoutMs > 0) {
      loop.wheel.arm(this.#timer, loop.nowMs, this.#initialFetchTimeoutMs);
    }
  }

  receiveEndpoints(endpoints: EndpointsConfig | undefined): void {
    if (this.#isClosed) return;
    const { loop, stats } = this.#owner.info;
    loop.wheel.disarm(this.#timer);
    if (endpoints === undefined) {
      // The hosts stay: better stale ones than none (Envoy: "Missing ClusterLoadAssignment").
      stats.inc(CLUSTER.update_empty);
    } else {
      stats.inc(CLUSTER.update_success);
      this.#owner.applyEndpoints(endpoints.localities, endpoints.overprovisioningFactor);
    }
    this.#owner.becomeWarm();
  }

  onTimeout(): void {
    if (!this.#isClosed) this.#owner.becomeWarm();
  }

  close(): void {
    this.#isClosed = true;
    this.#owner.info.loop.wheel.disarm(this.#timer);
  }
}
