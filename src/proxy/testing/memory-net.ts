// The Net port in memory, for tests: deterministic, with kernel-like buffers, and faults on request.
import { assert } from "#base/assert.ts";
import type {
  ConnectHandler,
  Listening,
  ListenOptions,
  Net,
  Socket,
  SocketAddress,
  SocketError,
  SocketHandler,
} from "#base/net.ts";

const RESET: SocketError = { code: "ECONNRESET", message: "connection reset by peer" };
const REFUSED: SocketError = { code: "ECONNREFUSED", message: "connection refused" };

/** A run that needs more steps than this has two parties that wake each other for ever. */
const MAX_STEPS = 5_000_000;

const keyOf = (address: SocketAddress): string => `${address.host}:${address.port}`;

export interface MemoryNetOptions {
  /** Bytes that one direction of a connection holds before `write` takes no more. Default 65,536. */
  readonly windowBytes?: number;
  /** The most bytes that one `onData` brings. Default 65,536. */
  readonly readBytes?: number;
}

/**
 * Everything that happens is put in a queue, and happens when the test calls `run()`: nothing is called back from inside a
 * call, as with a real kernel.
 */
export class MemoryNet implements Net {
  readonly windowBytes: number;
  readonly readBytes: number;
  readonly #listeners = new Map<string, (socket: Socket) => SocketHandler>();
  readonly #silent = new Set<string>();
  readonly #tasks: (() => void)[] = [];
  #nextPort = 40_000;
  /** Every `write` that took bytes, for tests that count system calls. */
  writes: { readonly from: SocketAddress; readonly byteCount: number }[] = [];

  constructor(options: MemoryNetOptions = {}) {
    this.windowBytes = options.windowBytes ?? 65_536;
    this.readBytes = options.readBytes ?? 65_536;
  }

  listen(
    options: ListenOptions,
    accept: (socket: Socket) => SocketHandler,
  ): Listening | SocketError {
    const address = {
      host: options.host,
      port: options.port === 0 ? this.#nextPort++ : options.port,
    };
    const key = keyOf(address);
    if (this.#listeners.has(key)) {
      return { code: "EADDRINUSE", message: `address ${key} is in use` };
    }
    this.#listeners.set(key, accept);
    return { address, close: () => void this.#listeners.delete(key) };
  }

  connect(address: SocketAddress, handler: ConnectHandler): { cancel(): void } {
    let cancelled = false;
    this.post(() => {
      const key = keyOf(address);
      if (cancelled || this.#silent.has(key)) return;
      const accept =
        this.#listeners.get(key) ?? this.#listeners.get(keyOf({ ...address, host: "0.0.0.0" }));
      if (accept === undefined) {
        handler.onClose(REFUSED);
        return;
      }
      const from = { host: "127.0.0.1", port: this.#nextPort++ };
      const near = new MemorySocket(this, from, address);
      const far = new MemorySocket(this, address, from);
      near.peer = far;
      far.peer = near;
      far.handler = accept(far);
      near.handler = handler;
      handler.onConnect(near);
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  /** Connects to this address neither succeed nor fail, as with a black hole. */
  silence(address: SocketAddress): void {
    this.#silent.add(keyOf(address));
  }

  post(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Lets everything happen that can happen now. */
  run(): void {
    for (let step = 0; this.#tasks.length > 0; step += 1) {
      assert(step < MAX_STEPS, "the network in memory never comes to rest");
      this.#tasks.shift()?.();
    }
  }
}

class MemorySocket implements Socket {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #net: MemoryNet;
  peer: MemorySocket | undefined;
  handler: SocketHandler | undefined;
  /** Sent by the peer, not yet read by our side. */
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #isPaused = false;
  #isDelivering = false;
  #wantsDrain = false;
  /** Read by the peer. */
  sentEnd = false;
  #sawEnd = false;
  /** Our side called `close`: nothing more is read, and bytes that still come are answered with a reset. */
  #isShut = false;
  #isClosed = false;

  constructor(net: MemoryNet, local: SocketAddress, remote: SocketAddress) {
    this.#net = net;
    this.local = local;
    this.remote = remote;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= bytes.length, "a write lies inside its bytes");
    const peer = this.peer;
    if (this.sentEnd || this.#isClosed || peer === undefined) return 0;
    if (peer.#isShut || peer.#isClosed) {
      this.#net.post(() => this.closed(RESET));
      return end - start;
    }
    const taken = Math.min(end - start, this.#net.windowBytes - peer.#inboxBytes);
    if (taken < end - start) this.#wantsDrain = true;
    if (taken === 0) return 0;
    this.#net.writes.push({ from: this.local, byteCount: taken });
    peer.#inbox.push(bytes.slice(start, start + taken));
    peer.#inboxBytes += taken;
    peer.wake();
    return taken;
  }

  end(): void {
    if (this.sentEnd || this.#isClosed) return;
    this.sentEnd = true;
    this.peer?.wake();
    this.#closeWhenBothEnded();
  }

  close(): void {
    if (this.#isClosed || this.#isShut) return;
    this.#isShut = true;
    this.sentEnd = true;
    const unread = this.#inboxBytes > 0;
    this.#net.post(() => this.closed(undefined));
    // A kernel that still holds unread bytes at close answers with RST instead of FIN.
    if (unread) this.#net.post(() => this.peer?.closed(RESET));
    else this.peer?.wake();
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#isShut = true;
    this.sentEnd = true;
    this.#net.post(() => {
      this.peer?.closed(RESET);
      this.closed(undefined);
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.wake();
  }

  wake(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    this.#net.post(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#isPaused || this.#isClosed || this.#isShut) return;
    if (this.#inboxBytes > 0) {
      const bytes = this.#take();
      const peer = this.peer;
      if (peer !== undefined && !peer.#isClosed && peer.#wantsDrain) {
        peer.#wantsDrain = false;
        this.#net.post(() => {
          if (!peer.#isClosed && !peer.#isShut) peer.handler?.onDrain();
        });
      }
      this.handler?.onData(bytes);
      this.wake();
      return;
    }
    if (this.peer?.sentEnd && !this.#sawEnd) {
      this.#sawEnd = true;
      this.handler?.onEnd();
      this.#closeWhenBothEnded();
    }
  }

  #take(): Uint8Array {
    const size = Math.min(this.#inboxBytes, this.#net.readBytes);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const first = this.#inbox[0] as Uint8Array;
      const part = first.subarray(0, size - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this.#inbox.shift();
      else this.#inbox[0] = first.subarray(part.length);
    }
    this.#inboxBytes -= size;
    return bytes;
  }

  #closeWhenBothEnded(): void {
    if (this.sentEnd && this.#sawEnd) this.#net.post(() => this.closed(undefined));
  }

  closed(error: SocketError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.handler?.onClose(error);
  }
}
