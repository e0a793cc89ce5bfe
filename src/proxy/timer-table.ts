// A few timers of one owner, told apart by kind; each is made when it is first armed, since most never are.
import type { Dispatcher } from "./dispatcher.ts";
import { type TimeoutOwner, WheelTimer } from "./timer-wheel.ts";

export class TimerTable {
  readonly #dispatcher: Dispatcher;
  readonly #owner: TimeoutOwner;
  readonly #timers: (WheelTimer | undefined)[];

  /** Kinds are 0 … `kindCount`-1; `owner.onTimeout` is given the one that is due. */
  constructor(dispatcher: Dispatcher, owner: TimeoutOwner, kindCount: number) {
    this.#dispatcher = dispatcher;
    this.#owner = owner;
    this.#timers = new Array<WheelTimer | undefined>(kindCount).fill(undefined);
  }

  /** Arms, or moves, the timer to `delayMs` from now; undefined means that there is no such limit. */
  arm(kind: number, delayMs: number | undefined): void {
    if (delayMs === undefined) return;
    let timer = this.#timers[kind];
    if (timer === undefined) {
      timer = new WheelTimer(this.#owner, kind);
      this.#timers[kind] = timer;
    }
    this.#dispatcher.wheel.arm(timer, this.#dispatcher.nowMs, delayMs);
  }

  disarm(kind: number): void {
    const timer = this.#timers[kind];
    if (timer !== undefined) this.#dispatcher.wheel.disarm(timer);
  }

  disarmAll(): void {
    for (let kind = 0; kind < this.#timers.length; kind += 1) this.disarm(kind);
  }
}
