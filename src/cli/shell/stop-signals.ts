// When a command has been asked to stop: once means in order, a second time means at once.

/**
 * A second request within this time is the first one again: Ctrl-C under `npm start` reaches us from the terminal and from npm,
 * which passes on what it gets.
 */
const SAME_REQUEST_MS = 500;

export class StopSignals {
  readonly #nowMs: () => number;
  #insist: () => void = () => {};
  #stop: () => void = () => {};
  #requestedAtMs: number | undefined;
  /** Resolves with the first request. */
  readonly stopped: Promise<void>;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  get isStopped(): boolean {
    return this.#requestedAtMs !== undefined;
  }

  /** `insist` is called for a second request; until this is said it is not heard. */
  onInsist(insist: () => void): void {
    this.#insist = insist;
  }

  /** SIGINT, SIGTERM or SIGHUP came. */
  handleSignal(): void {
    const nowMs = this.#nowMs();
    if (this.#requestedAtMs === undefined) {
      this.#requestedAtMs = nowMs;
      this.#stop();
    } else if (nowMs - this.#requestedAtMs >= SAME_REQUEST_MS) {
      this.#insist();
    }
  }

  /** Nobody reads our output any more: reason enough to stop, but not to hurry. */
  handleOutputClosed(): void {
    if (!this.isStopped) this.handleSignal();
  }
}
