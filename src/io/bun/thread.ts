// Threads with an event loop each (Web Workers), and the channels between them and the main thread.
import type { Channel } from "#base/channel.ts";

export interface Thread<In, Out> extends Channel<In, Out> {
  /** Ends it at once, whatever it does. */
  terminate(): void;
}

/**
 * Starts `module` (a `file:` URL) in a thread of its own. `died` is called once when it ends without being told to: with what was
 * thrown and not caught in it, if that was the reason.
 */
export function startThread<In, Out>(
  module: URL,
  died: (reason: string | undefined) => void,
): Thread<In, Out> {
  const worker = new Worker(module.href);
  let isOver = false;
  const over = (reason: string | undefined): void => {
    if (isOver) return;
    isOver = true;
    died(reason);
  };
  worker.addEventListener("error", (event) => over(event.message));
  worker.addEventListener("close", () => over(undefined));
  return {
    post: (message) => worker.postMessage(message),
    listen: (handler) => {
      worker.addEventListener("message", (event: MessageEvent<In>) => handler(event.data));
    },
    terminate: () => {
      isOver = true;
      worker.terminate();
    },
  };
}

/** In such a thread: the channel to the main thread. */
export function parentChannel<In, Out>(): Channel<In, Out> {
  return {
    post: (message) => postMessage(message),
    listen: (handler) => {
      addEventListener("message", (event) => handler((event as MessageEvent<In>).data));
    },
  };
}
