// What a listener asks of a connection that it accepted, whichever network filter serves it.
import type { SocketHandler } from "#base/net.ts";

export interface ServedConnection extends SocketHandler {
  /** Nothing is under way: closing it now costs nobody an answer. */
  readonly isIdle: boolean;
  /** Ends as soon as what runs is finished; `closesIdle`: at once where nothing runs. */
  drain(closesIdle: boolean): void;
  /** Ends now. */
  close(): void;
}

/** Told once when a connection is gone. */
export interface ServedConnectionOwner {
  onConnectionClosed(connection: ServedConnection): void;
}
