// The other end of a connection, for tests: keeps all that came as text, sends what it is told to. Runs over any Net.
import type {
  ConnectHandler,
  Listening,
  Net,
  Socket,
  SocketAddress,
  SocketError,
} from "#base/net.ts";
import { isSocketError } from "#base/net.ts";

export class Peer implements ConnectHandler {
  socket: Socket | undefined;
  received = "";
  receivedBytes = 0;
  /** false: bytes are counted in `receivedBytes`, not kept. */
  keepText = true;
  hasEnded = false;
  isClosed = false;
  error: SocketError | undefined;
  /** Called after each event, with this peer. */
  onEvent: ((peer: Peer) => void) | undefined;
  #unsent: Uint8Array[] = [];

  onConnect(socket: Socket): void {
    this.socket = socket;
    this.#flush();
    this.onEvent?.(this);
  }

  onData(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    if (this.keepText) this.received += Buffer.from(bytes).toString("latin1");
    this.onEvent?.(this);
  }

  onDrain(): void {
    this.#flush();
    this.onEvent?.(this);
  }

  onEnd(): void {
    this.hasEnded = true;
    this.onEvent?.(this);
  }

  onClose(error: SocketError | undefined): void {
    this.isClosed = true;
    this.error = error;
    this.onEvent?.(this);
  }

  /** Sends text (latin1) or bytes; what the kernel does not take now is sent on drain. */
  send(data: string | Uint8Array): void {
    this.#unsent.push(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    this.#flush();
  }

  get unsentBytes(): number {
    let sum = 0;
    for (const part of this.#unsent) sum += part.length;
    return sum;
  }

  /** What came since the last call. */
  take(): string {
    const text = this.received;
    this.received = "";
    return text;
  }

  #flush(): void {
    while (this.socket !== undefined) {
      const first = this.#unsent[0];
      if (first === undefined) return;
      const taken = this.socket.write(first, 0, first.length);
      if (taken < first.length) {
        this.#unsent[0] = first.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }
}

/** Connects a peer to `address`. */
export function dial(net: Net, address: SocketAddress): Peer {
  const peer = new Peer();
  net.connect(address, peer);
  return peer;
}

/** A listener that keeps every connection it accepted as a Peer. */
export interface Origin {
  readonly address: SocketAddress;
  readonly peers: Peer[];
  readonly last: Peer;
  close(): void;
}

/** Listens at `address`; `onEvent` is called after each event of each accepted connection. */
export function serve(net: Net, address: SocketAddress, onEvent?: (peer: Peer) => void): Origin {
  const peers: Peer[] = [];
  const listening: Listening | SocketError = net.listen(
    { ...address, reusePort: false },
    (socket) => {
      const peer = new Peer();
      peer.onEvent = onEvent;
      peer.socket = socket;
      peers.push(peer);
      return peer;
    },
  );
  if (isSocketError(listening)) throw new Error(listening.message);
  return {
    address: listening.address,
    peers,
    get last() {
      const peer = peers[peers.length - 1];
      if (peer === undefined) throw new Error("nothing was accepted");
      return peer;
    },
    close: () => listening.close(),
  };
}
