// The channel port: whole messages between two event loops that share nothing. Adapters: io/bun/thread.ts, and a pair in memory.

export interface Channel<In, Out> {
  /**
   * Sends a copy (structured clone: plain data, maps, sets, typed arrays; only memory made to be shared stays one). Arrives in
   * order and exactly once, unless the other side dies.
   */
  post(message: Out): void;
  /** Hands over every message, those first that came before this call. Called once. */
  listen(handler: (message: In) => void): void;
}
