// Whether somebody listens at an address: one connection, opened and closed.
import type { SocketAddress } from "#base/net.ts";
import type { CheckPorts } from "./check.ts";

/** Why it cannot be connected to within the time ("ECONNREFUSED", "no answer"); undefined when it can. */
export function whyUnreachable(
  { net, timers }: CheckPorts,
  address: SocketAddress,
  limitMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const settle = (reason: string | undefined): void => {
      limit.cancel();
      resolve(reason);
    };
    const connecting = net.connect(address, {
      onData() {},
      onDrain() {},
      onEnd() {},
      onConnect: (socket) => {
        settle(undefined);
        socket.close();
      },
      onClose: (error) => settle(error?.code ?? "the connection was closed"),
    });
    const limit = timers.after(limitMs, () => {
      connecting.cancel();
      resolve("no answer");
    });
  });
}
