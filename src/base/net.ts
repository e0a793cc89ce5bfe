// The network port: byte streams over TCP, with explicit back-pressure. Adapters: io/bun, and the simulator's.

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** What the owner of a socket is told. One object a connection; nothing here is awaited. */
export interface SocketHandler {
  /** Bytes came. The handler may keep `bytes`, and may write into them: nobody else reads them again. */
  onData(bytes: Uint8Array): void;
  /** The kernel takes bytes again after `write` took less than it was given. */
  onDrain(): void;
  /** The peer will send nothing more (FIN); our side may still write. */
  onEnd(): void;
  /** The socket is gone. Called exactly once, after which nothing else is called. `error` says why, if it was not asked for. */
  onClose(error: SocketError | undefined): void;
}

/** Why a connection failed: the errno name ("ECONNREFUSED", "ECONNRESET", …) and a sentence. */
export interface SocketError {
  readonly code: string;
  readonly message: string;
}

export interface Socket {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /**
   * Gives bytes[start, end) to the kernel at once; returns how many it took, which may be fewer (0 when the socket is closing).
   * Neither buffers nor keeps the bytes: what was not taken is the caller's, to be written again on `onDrain`.
   */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Sends FIN after what was written; reading goes on. */
  end(): void;
  /** Closes both directions in order (FIN). `onClose` follows. */
  close(): void;
  /** Closes at once with RST. `onClose` follows. */
  reset(): void;
  /** Stops reading: the kernel's window fills and the peer slows down. */
  pause(): void;
  resume(): void;
}

export interface ConnectHandler extends SocketHandler {
  /** The connection is there; before it nothing else is called but `onClose`. */
  onConnect(socket: Socket): void;
}

export interface Listening {
  readonly address: SocketAddress;
  /** Stops accepting; open connections stay. */
  close(): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the kernel choose; `Listening.address` says which. */
  readonly port: number;
  /** Several processes or workers share the port (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

export interface Net {
  /**
   * Listens, or returns why it cannot ("EADDRINUSE", "EACCES", "EADDRNOTAVAIL").
   * `accept` is given each new connection and returns its handler.
   */
  listen(
    options: ListenOptions,
    accept: (socket: Socket) => SocketHandler,
  ): Listening | SocketError;
  /** Starts to connect. The outcome is `onConnect` or `onClose`; `cancel` gives up and stays silent. */
  connect(address: SocketAddress, handler: ConnectHandler): { cancel(): void };
}

export function isSocketError(value: Listening | SocketError): value is SocketError {
  return "code" in value;
}
