// A network where some addresses cannot be listened on, and some cannot be connected to. Nothing is sent.
import type { Net, Socket, SocketAddress, SocketError } from "#base/net.ts";

export interface FakeNetOptions {
  /** "host:port", "host", or ":port" -> the errno that listening ends with. */
  readonly unlistenable?: Readonly<Record<string, string>>;
  /** The same for connecting; "silence": no answer ever. */
  readonly unreachable?: Readonly<Record<string, string>>;
}

const NO_SOCKET: Socket = {
  local: { host: "127.0.0.1", port: 1 },
  remote: { host: "127.0.0.1", port: 2 },
  write: () => 0,
  end() {},
  close() {},
  reset() {},
  pause() {},
  resume() {},
};

const errorOf = (code: string): SocketError => ({ code, message: code });

function find(
  table: Readonly<Record<string, string>> | undefined,
  { host, port }: SocketAddress,
): string | undefined {
  return table?.[`${host}:${port}`] ?? table?.[host] ?? table?.[`:${port}`];
}

/** `opened` counts listeners that are not closed yet. */
export function fakeNet(options: FakeNetOptions = {}): Net & { readonly opened: () => number } {
  let opened = 0;
  return {
    opened: () => opened,
    listen: ({ host, port }) => {
      const code = find(options.unlistenable, { host, port });
      if (code !== undefined) return errorOf(code);
      opened += 1;
      return {
        address: { host, port: port === 0 ? 40_000 : port },
        close: () => {
          opened -= 1;
        },
      };
    },
    connect: (address, handler) => {
      const code = find(options.unreachable, address);
      if (code !== "silence") {
        queueMicrotask(() => {
          if (code === undefined) handler.onConnect(NO_SOCKET);
          else handler.onClose(errorOf(code));
        });
      }
      return { cancel() {} };
    },
  };
}
