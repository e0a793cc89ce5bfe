// Coarse timers for requests and connections: armed and taken back in constant time, without allocation, over one real timer.
import type { Clock } from "#base/clock.ts";
import type { Timer, Timers } from "#base/timers.ts";

/*
 * Four levels of 64 slots. A slot of level 0 spans one tick, of level n 64 times a slot of level n-1:
 *
 *   level 0   10 ms … 0.64 s     level 1  … 41 s     level 2  … 44 min     level 3  … 46 h
 *
 * A timer lies in the lowest level that reaches its deadline. When time enters a slot of a higher level, the slot's timers
 * are spread over the levels below; in level 0 they fire. A timer fires at the end of its tick: never early, at most one tick
 * late. The real timer sleeps until the next slot that holds anything, so a thousand requests that each arm a timeout of 15 s
 * and take it back cost no real timer at all.
 */
export const TICK_MS = 10;
const LEVELS = 4;
const SLOT_BITS = 6;
const SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SLOTS - 1;
/** The farthest deadline, 46 hours: longer ones are clamped to it (no timeout of ours is meant to be longer). */
const MAX_TICKS = SLOTS ** LEVELS - 1;

export interface TimeoutOwner {
  /** `kind` is what the timer was made with, so that one owner tells its timers apart. */
  onTimeout(kind: number): void;
}

/** One timer, made once and armed many times; lives in its owner. */
export class WheelTimer {
  readonly owner: TimeoutOwner;
  readonly kind: number;
  /** Absolute tick; meaningful while armed. */
  deadline = 0;
  previous: WheelTimer | undefined = undefined;
  next: WheelTimer | undefined = undefined;
  /** level * 64 + slot, or -1 when not armed. */
  slot = -1;

  constructor(owner: TimeoutOwner, kind: number) {
    this.owner = owner;
    this.kind = kind;
  }

  get isArmed(): boolean {
    return this.slot >= 0;
  }
}

export class TimerWheel {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onBug: (bug: unknown) => void;
  readonly #slots: (WheelTimer | undefined)[] = new Array<WheelTimer | undefined>(
    LEVELS * SLOTS,
  ).fill(undefined);
  /** Every tick up to and including this one has been handled. */
  #tick: number;
  #count = 0;
  #wake: Timer | undefined;
  #wakeTick = Number.POSITIVE_INFINITY;
  readonly #onWake = (): void => {
    this.#wake = undefined;
    this.#wakeTick = Number.POSITIVE_INFINITY;
    this.advance(this.#clock.nowMs());
  };

  /** `onBug` is given what a callback threw; without it the exception goes through, and timers of that tick come late. */
  constructor(clock: Clock, timers: Timers, onBug?: (bug: unknown) => void) {
    this.#onBug =
      onBug ??
      ((bug) => {
        throw bug;
      });
    this.#clock = clock;
    this.#timers = timers;
    this.#tick = Math.floor(clock.nowMs() / TICK_MS);
  }

  get armedCount(): number {
    return this.#count;
  }

  /** Arms `timer`, or moves it, to fire `delayMs` after `nowMs`. */
  arm(timer: WheelTimer, nowMs: number, delayMs: number): void {
    if (timer.slot >= 0) this.#unlink(timer);
    if (this.#count === 0) this.#tick = Math.max(this.#tick, Math.floor(nowMs / TICK_MS));
    const deadline = Math.ceil((nowMs + Math.max(0, delayMs)) / TICK_MS);
    // A deadline in a handled tick would never be looked at again: the next tick is the soonest.
    timer.deadline = Math.min(Math.max(deadline, this.#tick + 1), this.#tick + MAX_TICKS);
    this.#link(timer);
    if (timer.deadline < this.#wakeTick) this.#sleepUntil(timer.deadline, nowMs);
  }

  /** Takes the timer back; harmless when it is not armed. */
  disarm(timer: WheelTimer): void {
    if (timer.slot >= 0) this.#unlink(timer);
  }

  /** Fires all that is due at `nowMs`. Called by the real timer; tests may call it. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / TICK_MS);
    for (;;) {
      const slot = this.#nextSlot();
      if (slot < 0) break;
      const start = this.#startOf(slot);
      if (start > target) break;
      this.#tick = start;
      if (slot < SLOTS) this.#fire(slot);
      else this.#cascade(slot);
    }
    if (target > this.#tick) this.#tick = target;
    const next = this.#nextSlot();
    if (next >= 0) {
      const start = this.#startOf(next);
      if (start < this.#wakeTick) this.#sleepUntil(start, nowMs);
    }
  }

  /** Stops the real timer for good. */
  close(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#wakeTick = -1;
  }

  #sleepUntil(tick: number, nowMs: number): void {
    this.#wake?.cancel();
    this.#wakeTick = tick;
    this.#wake = this.#timers.after(Math.max(1, tick * TICK_MS - nowMs), this.#onWake);
  }

  /** The first tick of a slot that is not empty: its timers share all bits above the slot's level. */
  #startOf(slot: number): number {
    const head = this.#slots[slot] as WheelTimer;
    const span = SLOTS ** (slot >> SLOT_BITS);
    return Math.floor(head.deadline / span) * span;
  }

  /** The slot that is due first, a higher level before a lower one at the same tick; -1 when all are empty. */
  #nextSlot(): number {
    if (this.#count === 0) return -1;
    let best = -1;
    let bestStart = Number.POSITIVE_INFINITY;
    for (let slot = LEVELS * SLOTS - 1; slot >= 0; slot -= 1) {
      if (this.#slots[slot] === undefined) continue;
      const start = this.#startOf(slot);
      if (start < bestStart) {
        best = slot;
        bestStart = start;
      }
    }
    return best;
  }

  #fire(slot: number): void {
    // A callback may arm or disarm any timer, those of this slot too: so the head is looked up anew each time.
    for (;;) {
      const timer = this.#slots[slot];
      if (timer === undefined || timer.deadline > this.#tick) return;
      this.#unlink(timer);
      try {
        timer.owner.onTimeout(timer.kind);
      } catch (bug) {
        this.#onBug(bug);
      }
    }
  }

  #cascade(slot: number): void {
    let timer = this.#slots[slot];
    this.#slots[slot] = undefined;
    while (timer !== undefined) {
      const next = timer.next;
      this.#count -= 1;
      this.#link(timer);
      timer = next;
    }
  }

  #link(timer: WheelTimer): void {
    const delta = timer.deadline - this.#tick;
    let level = 0;
    let span = 1;
    while (delta >= span * SLOTS) {
      level += 1;
      span *= SLOTS;
    }
    const slot = level * SLOTS + (Math.floor(timer.deadline / span) & SLOT_MASK);
    const head = this.#slots[slot];
    timer.slot = slot;
    timer.previous = undefined;
    timer.next = head;
    if (head !== undefined) head.previous = timer;
    this.#slots[slot] = timer;
    this.#count += 1;
  }

  #unlink(timer: WheelTimer): void {
    if (timer.previous === undefined) this.#slots[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    timer.slot = -1;
    this.#count -= 1;
  }
}
