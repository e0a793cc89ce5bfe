// The Net port as connections of one worker use it: each callback of a socket is one event of its dispatcher.
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
import type { Dispatcher } from "./dispatcher.ts";

/** A connection. Its callbacks need no frame of their own: time is read before them, what they wrote leaves after them. */
export interface DispatchedHandler extends SocketHandler {
  /** A callback threw: our own mistake. The connection says so and ends. */
  handleBug(bug: unknown): void;
}

export interface DispatchedConnectHandler extends ConnectHandler, DispatchedHandler {}

export interface DispatchedNet {
  /** As `Net.listen`. A connection for which `accept` throws, is reset, one that is not taken is closed. */
  listen(
    options: ListenOptions,
    accept: (socket: Socket) => DispatchedHandler | undefined,
  ): Listening | SocketError;
  connect(address: SocketAddress, handler: DispatchedConnectHandler): { cancel(): void };
}

const NOBODY: SocketHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

class Framed<H extends DispatchedHandler> implements SocketHandler {
  protected readonly dispatcher: Dispatcher;
  protected readonly handler: H;

  constructor(dispatcher: Dispatcher, handler: H) {
    this.dispatcher = dispatcher;
    this.handler = handler;
  }

  onData(bytes: Uint8Array): void {
    this.dispatcher.enter();
    try {
      this.handler.onData(bytes);
    } catch (bug) {
      this.handler.handleBug(bug);
    } finally {
      this.dispatcher.leave();
    }
  }

  onDrain(): void {
    this.dispatcher.enter();
    try {
      this.handler.onDrain();
    } catch (bug) {
      this.handler.handleBug(bug);
    } finally {
      this.dispatcher.leave();
    }
  }

  onEnd(): void {
    this.dispatcher.enter();
    try {
      this.handler.onEnd();
    } catch (bug) {
      this.handler.handleBug(bug);
    } finally {
      this.dispatcher.leave();
    }
  }

  onClose(error: SocketError | undefined): void {
    this.dispatcher.enter();
    try {
      this.handler.onClose(error);
    } catch (bug) {
      this.handler.handleBug(bug);
    } finally {
      this.dispatcher.leave();
    }
  }
}

class FramedConnect extends Framed<DispatchedConnectHandler> implements ConnectHandler {
  onConnect(socket: Socket): void {
    this.dispatcher.enter();
    try {
      this.handler.onConnect(socket);
    } catch (bug) {
      this.handler.handleBug(bug);
    } finally {
      this.dispatcher.leave();
    }
  }
}

function acceptAsEvent(
  dispatcher: Dispatcher,
  socket: Socket,
  accept: (socket: Socket) => DispatchedHandler | undefined,
): SocketHandler {
  dispatcher.enter();
  try {
    const handler = accept(socket);
    if (handler !== undefined) return new Framed(dispatcher, handler);
    socket.close();
  } catch (bug) {
    dispatcher.reportBug("listener", bug);
    socket.reset();
  } finally {
    dispatcher.leave();
  }
  return NOBODY;
}

export function dispatchedNet(net: Net, dispatcher: Dispatcher): DispatchedNet {
  return {
    listen: (options, accept) =>
      net.listen(options, (socket) => acceptAsEvent(dispatcher, socket, accept)),
    connect: (address, handler) => net.connect(address, new FramedConnect(dispatcher, handler)),
  };
}
