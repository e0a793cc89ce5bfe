// Joins the client engine to a transport: opens streams when the engine wants one, sends what it says, keeps its one timer.
import type { Clock } from "#base/clock.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { XdsResponse, XdsStatus, XdsStream, XdsTransport } from "#xds/transport.ts";
import type { XdsClient } from "./client.ts";

/** What else there is to know about the connection: for logs and statistics. */
export interface ConnectionObserver {
  onConnected(): void;
  /** The server says who it is (control_plane.identifier). */
  onIdentified(identifier: string): void;
  /** Before the engine's back-off begins. */
  onDisconnected(status: XdsStatus): void;
}

export class ClientDriver {
  readonly #client: XdsClient;
  readonly #transport: XdsTransport;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #observer: ConnectionObserver;
  #stream: XdsStream | undefined;
  #timer: Timer | undefined;
  #isPumping = false;
  #isStopped = false;

  constructor(
    client: XdsClient,
    transport: XdsTransport,
    clock: Clock,
    timers: Timers,
    observer: ConnectionObserver,
  ) {
    this.#client = client;
    this.#transport = transport;
    this.#clock = clock;
    this.#timers = timers;
    this.#observer = observer;
  }

  start(): void {
    this.#client.start();
    this.pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#client.stop();
    this.#timer?.cancel();
    this.#stream?.close();
    this.#stream = undefined;
  }

  /** Does what the engine asks for now; call it after every change of subscriptions or pauses. */
  pump(): void {
    // A response handler may change subscriptions, and so call this again: the loop that runs already will see it.
    if (this.#isStopped || this.#isPumping) return;
    this.#isPumping = true;
    if (this.#client.wantsStream) this.#open();
    for (
      let request = this.#client.nextRequest();
      request !== undefined;
      request = this.#client.nextRequest()
    ) {
      this.#stream?.send(request);
    }
    this.#isPumping = false;
    this.#arm();
  }

  #open(): void {
    const isCurrent = (): boolean => this.#stream === stream;
    const stream: XdsStream = this.#transport.open(this.#client.variant, {
      onOpen: () => {
        if (isCurrent()) this.#observer.onConnected();
      },
      onResponse: (response: XdsResponse) => {
        if (!isCurrent()) return;
        const identifier = response.controlPlane?.identifier;
        if (identifier !== undefined) this.#observer.onIdentified(identifier);
        this.#client.handleResponse(response);
        this.pump();
      },
      onClosed: (status: XdsStatus) => {
        if (!isCurrent()) return;
        this.#stream = undefined;
        this.#observer.onDisconnected(status);
        this.#client.handleClosed(this.#clock.nowMs());
        this.pump();
      },
    });
    this.#stream = stream;
    this.#client.handleOpened();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const atMs = this.#client.nextTimeoutMs();
    if (atMs === undefined) return;
    this.#timer = this.#timers.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      this.#client.handleTimeout(this.#clock.nowMs());
      this.pump();
    });
  }
}
