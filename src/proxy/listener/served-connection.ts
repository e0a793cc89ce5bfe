// What a listener asks of a connection that it accepted, whichever network filter serves it.
import type { DispatchedHandler } from "../dispatched-net.ts";

export interface ServedConnection extends DispatchedHandler {
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
