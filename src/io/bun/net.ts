// The Net port on Bun's own sockets: the cheapest way to the kernel that the runtime has (docs/decisions/0002-bun.md).
import type {
  Socket as BunRawSocket,
  SocketHandler as BunSocketHandler,
  TCPSocketListenOptions,
} from "bun";
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

/** What Bun keeps for us beside each socket: one object a connection, no closure. */
interface Slot {
  socket: BunSocket | undefined;
  handler: SocketHandler | undefined;
  /** Of a connection that we opened and that is not there yet. */
  connecting: ConnectHandler | undefined;
  isCancelled: boolean;
  isClosed: boolean;
}

type RawSocket = BunRawSocket<Slot>;

class BunSocket implements Socket {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #raw: RawSocket;

  constructor(raw: RawSocket) {
    this.#raw = raw;
    this.local = { host: raw.localAddress, port: raw.localPort };
    this.remote = { host: raw.remoteAddress, port: raw.remotePort };
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    // Bun answers -1 on a socket that is closed or half closed by us: nothing was taken.
    return Math.max(0, this.#raw.write(bytes, start, end - start));
  }

  end(): void {
    this.#raw.shutdown(); // without an argument: FIN, and reading goes on
  }

  close(): void {
    this.#raw.end();
  }

  reset(): void {
    this.#raw.terminate();
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }
}

function toSocketError(error: unknown): SocketError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === "string" ? code : "EUNKNOWN",
    message: typeof message === "string" ? message : String(error),
  };
}

/** Says it once, whichever of Bun's three ways a connection ends by. */
function closed(slot: Slot, error: unknown): void {
  if (slot.isClosed) return;
  slot.isClosed = true;
  if (slot.isCancelled) return;
  const handler = slot.handler ?? slot.connecting;
  handler?.onClose(error === undefined || error === null ? undefined : toSocketError(error));
}

function opened(raw: RawSocket): BunSocket {
  const socket = new BunSocket(raw);
  raw.data.socket = socket;
  raw.setNoDelay(true); // every write is a whole message or a part that the peer waits for
  return socket;
}

/** One handler object for all sockets: what differs lies in the slot. */
const EVENTS: BunSocketHandler<Slot> = {
  binaryType: "uint8array",
  data(raw, bytes) {
    raw.data.handler?.onData(bytes);
  },
  drain(raw) {
    raw.data.handler?.onDrain();
  },
  end(raw) {
    raw.data.handler?.onEnd();
  },
  close(raw, error) {
    closed(raw.data, error);
  },
  error(raw, error) {
    // A handler of ours threw: our bug. The connection dies loudly, the process goes on for the others.
    console.error(`[critical] connection ended by a bug: ${error.stack ?? error.message}`);
    raw.terminate();
  },
};

const CONNECT_EVENTS: BunSocketHandler<Slot> = {
  ...EVENTS,
  open(raw) {
    const slot = raw.data;
    const handler = slot.connecting;
    if (slot.isCancelled || handler === undefined) {
      raw.terminate();
      return;
    }
    slot.handler = handler;
    handler.onConnect(opened(raw));
  },
  connectError(raw, error) {
    closed(raw.data, error);
  },
};

const newSlot = (connecting: ConnectHandler | undefined): Slot => ({
  socket: undefined,
  handler: undefined,
  connecting,
  isCancelled: false,
  isClosed: false,
});

function listen(
  options: ListenOptions,
  accept: (socket: Socket) => SocketHandler,
): Listening | SocketError {
  try {
    const listenOptions: TCPSocketListenOptions<Slot> & { readonly reusePort: boolean } = {
      hostname: options.host,
      port: options.port,
      reusePort: options.reusePort, // Bun honours it (the test beside shows that); its types do not list it for listen
      allowHalfOpen: true,
      data: newSlot(undefined),
      socket: {
        ...EVENTS,
        open(raw) {
          raw.data = newSlot(undefined);
          raw.data.handler = accept(opened(raw));
        },
      },
    };
    const listener = Bun.listen<Slot>(listenOptions);
    return {
      address: { host: options.host, port: listener.port },
      close: () => listener.stop(false),
    };
  } catch (error) {
    return toSocketError(error);
  }
}

function connect(address: SocketAddress, handler: ConnectHandler): { cancel(): void } {
  const slot = newSlot(handler);
  Bun.connect<Slot>({
    hostname: address.host,
    port: address.port,
    allowHalfOpen: true,
    data: slot,
    socket: CONNECT_EVENTS,
  }).catch((error: unknown) => closed(slot, error));
  return {
    cancel: () => {
      slot.isCancelled = true;
    },
  };
}

export const bunNet: Net = { listen, connect };
