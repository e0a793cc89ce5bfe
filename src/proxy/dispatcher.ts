// One worker's event loop as its connections see it (Envoy's Dispatcher): time read once an event, coarse timers, and all
// that was written in one event flushed at its end, so that head and body leave in one write.
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Timers } from "#base/timers.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";
import { formatHttpDate } from "./http/http-date.ts";
import { TimerWheel } from "./timer-wheel.ts";

/** Something that holds bytes for a socket until the end of the event. */
export interface Flushable {
  flush(): void;
}

export interface DispatcherPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export interface ConnectionIds {
  readonly first: number;
  readonly step: number;
}

/** Buffers kept for re-use; more than a busy worker has in flight at once would only hold memory. */
const MAX_FREE_BUFFERS = 256;
/** A buffer that grew beyond this while a reader was slow is given back to the heap. */
const MAX_KEPT_BUFFER_BYTES = 64 * 1024;

export class Dispatcher {
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** The time of the event that is being handled. */
  nowMs: number;
  readonly #clock: Clock;
  #depth = 0;
  readonly #dirty: Flushable[] = [];
  readonly #deferred: Flushable[] = [];
  readonly #freeBuffers: OutputBuffer[] = [];
  #dateSecond = -1;
  #date: Uint8Array = new Uint8Array(0);
  #nextConnectionId: number;
  readonly #connectionIdStep: number;

  /** Workers take turns in connection ids, so that each is given once in the process. */
  constructor(ports: DispatcherPorts, connectionIds: ConnectionIds = { first: 0, step: 1 }) {
    this.#nextConnectionId = connectionIds.first;
    this.#connectionIdStep = connectionIds.step;
    this.random = ports.random;
    this.log = ports.log;
    this.#clock = ports.clock;
    this.nowMs = ports.clock.nowMs();
    this.wheel = new TimerWheel(
      ports.clock,
      {
        after: (delayMs, callback) => ports.timers.after(delayMs, () => this.run(callback)),
        every: (periodMs, callback) => ports.timers.every(periodMs, () => this.run(callback)),
      },
      (bug) => this.reportBug("timer", bug),
    );
  }

  /** Begins to handle an event; calls nest, and each must be matched by `leave`. */
  enter(): void {
    if (this.#depth === 0) this.nowMs = this.#clock.nowMs();
    this.#depth += 1;
  }

  /** Ends the event: what was written meanwhile goes to the kernel now. */
  leave(): void {
    this.#depth -= 1;
    if (this.#depth > 0) return;
    this.#depth = 1;
    // What was put off may write, and flushing may close connections and so put off more: until both lists are empty.
    do {
      this.#flushAll(this.#deferred);
      this.#flushAll(this.#dirty);
    } while (this.#deferred.length > 0);
    this.#depth = 0;
  }

  /** `task.flush` will be called when this event's own work is done, before anything is written. */
  defer(task: Flushable): void {
    this.#deferred.push(task);
  }

  /** The list may grow while it is walked. */
  #flushAll(list: Flushable[]): void {
    for (let index = 0; index < list.length; index += 1) {
      try {
        (list[index] as Flushable).flush();
      } catch (bug) {
        this.reportBug("flush", bug);
      }
    }
    list.length = 0;
  }

  /** Handles `task` as one event. */
  run(task: () => void): void {
    this.enter();
    try {
      task();
    } finally {
      this.leave();
    }
  }

  /** `flushable.flush` will be called at the end of this event. The caller sees to it that it asks once. */
  markDirty(flushable: Flushable): void {
    this.#dirty.push(flushable);
    // Outside of any event (a test, a start-up path) nobody would flush.
    if (this.#depth === 0) {
      this.enter();
      this.leave();
    }
  }

  takeBuffer(): OutputBuffer {
    return this.#freeBuffers.pop() ?? new OutputBuffer();
  }

  giveBuffer(buffer: OutputBuffer): void {
    if (
      this.#freeBuffers.length < MAX_FREE_BUFFERS &&
      buffer.bytes.length <= MAX_KEPT_BUFFER_BYTES
    ) {
      buffer.clear();
      this.#freeBuffers.push(buffer);
    }
  }

  /** The value of a `date` header for now, made once a second. */
  date(): Uint8Array {
    const wallMs = this.#clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = formatHttpDate(wallMs);
    }
    return this.#date;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  nextConnectionId(): number {
    const id = this.#nextConnectionId;
    this.#nextConnectionId += this.#connectionIdStep;
    return id;
  }

  /** Our own mistake, seen while serving a connection: said loudly, and the process goes on with the others. */
  reportBug(where: string, bug: unknown): void {
    const stack = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    this.log.error(`Internal error in ${where}`, { stack });
  }
}
