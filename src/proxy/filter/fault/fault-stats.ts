// What a fault filter counts: for itself, and for each downstream cluster that says its name.
import type { RequestHead } from "#codec/http1/request-head.ts";
import { X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER } from "../../http/header-names.ts";
import { FAULT } from "../../stats/schema/fault.ts";
import { FAULT_DOWNSTREAM_CLUSTER } from "../../stats/schema/fault-downstream-cluster.ts";
import type { StatBlock } from "../../stats/stat-block.ts";
import type { StatsStore } from "../../stats/stats-store.ts";

/**
 * Downstream clusters that are counted apart. Envoy has no limit; but the name comes from a header, which anybody may send, and a
 * statistic is kept for ever. Those beyond it count in the filter's totals only.
 */
const MAX_DOWNSTREAM_CLUSTERS = 1000;
/** Longer names are no names of services. */
const MAX_NAME_BYTES = 256;

export class FaultStats {
  readonly #store: StatsStore;
  readonly #prefix: string;
  readonly #block: StatBlock<"fault">;
  readonly #downstreamBlocks = new Map<string, StatBlock<"faultDownstreamCluster">>();

  /** `prefix` is `http.<stat prefix>.fault.`. */
  constructor(store: StatsStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
    this.#block = store.block(prefix, FAULT);
  }

  /** Streams that suffer a fault now; filters with the same prefix share the number. */
  get activeFaults(): number {
    return this.#block.value(FAULT.active_faults);
  }

  faultStarted(): void {
    this.#block.inc(FAULT.active_faults);
  }

  faultEnded(): void {
    this.#block.dec(FAULT.active_faults);
  }

  overflowed(): void {
    this.#block.inc(FAULT.faults_overflow);
  }

  delayInjected(head: RequestHead): void {
    this.#block.inc(FAULT.delays_injected);
    this.#downstreamBlock(head)?.inc(FAULT_DOWNSTREAM_CLUSTER.delays_injected);
  }

  abortInjected(head: RequestHead): void {
    this.#block.inc(FAULT.aborts_injected);
    this.#downstreamBlock(head)?.inc(FAULT_DOWNSTREAM_CLUSTER.aborts_injected);
  }

  #downstreamBlock(head: RequestHead): StatBlock<"faultDownstreamCluster"> | undefined {
    const name = head.value(X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER);
    if (name === undefined || name === "" || name.length > MAX_NAME_BYTES) return undefined;
    const blocks = this.#downstreamBlocks;
    let block = blocks.get(name);
    if (block === undefined && blocks.size < MAX_DOWNSTREAM_CLUSTERS) {
      block = this.#store.block(`${this.#prefix}${name}.`, FAULT_DOWNSTREAM_CLUSTER);
      blocks.set(name, block);
    }
    return block;
  }
}
