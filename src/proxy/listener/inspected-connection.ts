// A connection whose first bytes are looked at before its filter chain is chosen: TLS or not, which server name, HTTP or not.
import type { Socket, SocketError } from "#base/net.ts";
import type { ListenerConfig } from "../config/listener-config.ts";
import type { DispatchedHandler } from "../dispatched-net.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { LISTENER } from "../stats/schema/listener.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import type { ChainFacts } from "./filter-chain-match.ts";
import { type Inspection, inspect } from "./inspect.ts";
import type { ServedConnection } from "./served-connection.ts";

export interface InspectionOwner {
  serve(socket: Socket, known: Omit<ChainFacts, "destination">): ServedConnection | undefined;
}

/** A ClientHello of the largest kind fits (Envoy's tls_inspector: 64 KiB); what has not decided by then is raw. */
const MAX_INSPECTED_BYTES = 64 * 1024;

const UNKNOWN: Inspection = {
  serverName: undefined,
  transportProtocol: "raw_buffer",
  applicationProtocols: [],
};

export class InspectedConnection implements DispatchedHandler, TimeoutOwner {
  readonly #socket: Socket;
  readonly #owner: InspectionOwner;
  readonly #dispatcher: Dispatcher;
  readonly #config: ListenerConfig;
  readonly #stats: StatBlock<"listener">;
  readonly #timer: WheelTimer = new WheelTimer(this, 0);
  #chunks: Uint8Array[] = [];
  #byteCount = 0;
  #served: ServedConnection | undefined;
  #isOver = false;

  constructor(
    socket: Socket,
    owner: InspectionOwner,
    dispatcher: Dispatcher,
    config: ListenerConfig,
    stats: StatBlock<"listener">,
  ) {
    this.#socket = socket;
    this.#owner = owner;
    this.#dispatcher = dispatcher;
    this.#config = config;
    this.#stats = stats;
    stats.inc(LISTENER.downstream_pre_cx_active);
    const { listenerFiltersTimeoutMs } = config;
    if (listenerFiltersTimeoutMs !== undefined) {
      dispatcher.wheel.arm(this.#timer, dispatcher.nowMs, listenerFiltersTimeoutMs);
    }
  }

  onData(bytes: Uint8Array): void {
    if (this.#served !== undefined) {
      this.#served.onData(bytes);
      return;
    }
    if (this.#isOver) return;
    this.#chunks.push(bytes);
    this.#byteCount += bytes.length;
    const found = inspect(this.#seen(), this.#config.listenerFilters);
    if (found !== "needMore") this.#decide(found);
    else if (this.#byteCount >= MAX_INSPECTED_BYTES) this.#decide(UNKNOWN);
  }

  onDrain(): void {
    this.#served?.onDrain();
  }

  onEnd(): void {
    if (this.#served !== undefined) this.#served.onEnd();
    else if (!this.#isOver) {
      this.#stats.inc(LISTENER.downstream_listener_filter_remote_close);
      this.#finish();
      this.#socket.close();
    }
  }

  onClose(error: SocketError | undefined): void {
    if (this.#served !== undefined) this.#served.onClose(error);
    else this.#finish();
  }

  handleBug(bug: unknown): void {
    if (this.#served !== undefined) {
      this.#served.handleBug(bug);
      return;
    }
    this.#dispatcher.reportBug("listener filter", bug);
    this.#finish();
    this.#socket.reset();
  }

  onTimeout(): void {
    if (this.#isOver) return;
    this.#stats.inc(LISTENER.downstream_pre_cx_timeout);
    if (this.#config.continueOnListenerFiltersTimeout) {
      this.#decide(UNKNOWN);
      return;
    }
    this.#finish();
    this.#socket.close();
  }

  #decide(inspection: Inspection): void {
    const chunks = this.#chunks;
    this.#finish();
    this.#served = this.#owner.serve(this.#socket, inspection);
    if (this.#served === undefined) this.#socket.close();
    else for (const chunk of chunks) this.#served.onData(chunk);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks = [];
    this.#stats.dec(LISTENER.downstream_pre_cx_active);
    this.#dispatcher.wheel.disarm(this.#timer);
  }

  #seen(): Uint8Array {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const all = new Uint8Array(this.#byteCount);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
