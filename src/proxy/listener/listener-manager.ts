// All listeners by name: added, updated in place, moved, removed; what is replaced drains.
import type { SocketAddress, SocketError } from "#base/net.ts";
import type { ListenerConfig } from "../config/listener-config.ts";
import { LISTENER_MANAGER } from "../stats/schema/listener-manager.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import { ActiveListener, type ListenerOwner, type ListenerPorts } from "./listener.ts";

export class ListenerManager implements ListenerOwner {
  readonly #ports: ListenerPorts;
  readonly #stats: StatBlock<"listenerManager">;
  readonly #active = new Map<string, ActiveListener>();
  /** Replaced and removed ones that still have connections, and when that ends. */
  readonly #draining = new Map<ActiveListener, WheelTimer>();
  #drainingChainCount = 0;
  #isStopped = false;

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
    this.#stats = ports.stats.block("listener_manager.", LISTENER_MANAGER);
    this.#stats.set(LISTENER_MANAGER.workers_started, 1);
  }

  /** In the order of their names. */
  list(): readonly ActiveListener[] {
    return [...this.#active.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
  }

  /** Where the listener of that name really listens. */
  addressOf(name: string): SocketAddress | undefined {
    return this.#active.get(name)?.address;
  }

  get connectionCount(): number {
    let count = 0;
    for (const listener of [...this.#active.values(), ...this.#draining.keys()])
      count += listener.connectionCount;
    return count;
  }

  /** Adds or replaces. Returns why it cannot listen; then what there was goes on. */
  update(config: ListenerConfig): SocketError | undefined {
    if (this.#isStopped) return undefined;
    const current = this.#active.get(config.name);
    if (current !== undefined && current.config.hash === config.hash) return undefined;
    const keepsSocket = current !== undefined && hasSameSocket(current.config, config);
    if (keepsSocket && differsInChainsOnly(current.config, config)) {
      current.update(config);
      this.#stats.inc(LISTENER_MANAGER.listener_in_place_updated);
      this.#stats.inc(LISTENER_MANAGER.listener_modified);
      this.#count();
      return undefined;
    }
    const next = new ActiveListener(config, this.#ports, this);
    if (keepsSocket) {
      next.takeOver(current);
    } else {
      const error = next.listen();
      if (error !== undefined) {
        this.#stats.inc(LISTENER_MANAGER.listener_create_failure);
        return error;
      }
    }
    this.#stats.inc(LISTENER_MANAGER.listener_create_success);
    this.#stats.inc(
      current === undefined ? LISTENER_MANAGER.listener_added : LISTENER_MANAGER.listener_modified,
    );
    this.#active.set(config.name, next);
    if (current !== undefined) this.#drain(current);
    this.#count();
    return undefined;
  }

  remove(name: string): void {
    const listener = this.#active.get(name);
    if (listener === undefined) return;
    this.#active.delete(name);
    this.#stats.inc(LISTENER_MANAGER.listener_removed);
    this.#drain(listener);
    this.#count();
  }

  /** Stops accepting everywhere; connections end with their next answer, idle ones now if `closesIdle`. */
  drainAll(closesIdle: boolean, isWanted: (config: ListenerConfig) => boolean = () => true): void {
    for (const listener of this.#active.values()) {
      if (!isWanted(listener.config)) continue;
      this.#stats.inc(LISTENER_MANAGER.listener_stopped);
      listener.drain(closesIdle);
    }
    for (const listener of this.#draining.keys()) listener.drain(closesIdle);
  }

  onConnectionGone(listener: ActiveListener): void {
    const timer = this.#draining.get(listener);
    if (timer !== undefined && listener.connectionCount === 0) {
      this.#draining.delete(listener);
      this.#ports.dispatcher.wheel.disarm(timer);
    }
    if (timer !== undefined || this.#drainingChainCount > 0) this.#count();
  }

  /** Ends everything now. */
  close(): void {
    this.#isStopped = true;
    for (const listener of [...this.#active.values(), ...this.#draining.keys()]) listener.close();
  }

  #drain(listener: ActiveListener): void {
    listener.drain(false);
    if (listener.connectionCount === 0) return;
    const end: TimeoutOwner = { onTimeout: () => listener.close() };
    const timer = new WheelTimer(end, 0);
    const { wheel, nowMs } = this.#ports.dispatcher;
    wheel.arm(timer, nowMs, this.#ports.drainTimeMs);
    this.#draining.set(listener, timer);
  }

  #count(): void {
    let chains = 0;
    for (const listener of this.#active.values()) chains += listener.drainingChainCount;
    this.#drainingChainCount = chains;
    this.#stats.set(LISTENER_MANAGER.total_filter_chains_draining, chains);
    this.#stats.set(LISTENER_MANAGER.total_listeners_active, this.#active.size);
    this.#stats.set(LISTENER_MANAGER.total_listeners_draining, this.#draining.size);
  }
}

function hasSameSocket(a: ListenerConfig, b: ListenerConfig): boolean {
  return (
    a.address.host === b.address.host &&
    a.address.port === b.address.port &&
    a.address.port !== 0 &&
    a.bindToPort === b.bindToPort
  );
}

/** What all chains of a listener depend on is as it was. */
function differsInChainsOnly(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.statName === b.statName && a.bufferLimitBytes === b.bufferLimitBytes;
}
