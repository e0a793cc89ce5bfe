// The life of one message on its way in, as a table: the same for requests and responses.
//
//      informational
//     ┌──────────────┐          none
//     ▼      bytes   │ ┌───────────────────────────────────────────────────┐
//   idle ─────────▶ head ── length ────▶ length ─────────────── bodyEnd ──▶ ▼
//     ▲              ├───── chunked ───▶ chunked ─ lastChunk ─▶ trailers ─ bodyEnd ─▶ complete
//     │              ├───── untilClose ▶ untilClose ────────────── fin ───▶ ▲           │
//     │              └───── tunnel ────▶ tunnel ────────────────── fin ─────┘           │
//     └───────────────────────────────── next ──────────────────────────────────────────┘
//
//   fin in head, length, chunked or trailers, and an error in idle, head, chunked or trailers ──▶ failed
//
// A pair that is not in the table cannot come from the network: it is a bug of ours.
import { assert } from "#base/assert.ts";

export const STATE = {
  /** Not a byte of the message has come. */
  idle: 0,
  head: 1,
  length: 2,
  chunked: 3,
  trailers: 4,
  untilClose: 5,
  tunnel: 6,
  /** The next message waits for `next`. */
  complete: 7,
  /** Nothing is read any more. */
  failed: 8,
} as const;

export type StateName = keyof typeof STATE;

export const EVENT = {
  bytes: 0,
  informational: 1,
  none: 2,
  length: 3,
  chunked: 4,
  untilClose: 5,
  tunnel: 6,
  lastChunk: 7,
  bodyEnd: 8,
  fin: 9,
  error: 10,
  next: 11,
} as const;

export type EventName = keyof typeof EVENT;

export const MESSAGE_TRANSITIONS: Readonly<
  Record<StateName, Readonly<Partial<Record<EventName, StateName>>>>
> = {
  idle: { bytes: "head", fin: "idle", error: "failed", next: "idle" },
  head: {
    informational: "idle",
    none: "complete",
    length: "length",
    chunked: "chunked",
    untilClose: "untilClose",
    tunnel: "tunnel",
    fin: "failed",
    error: "failed",
  },
  length: { bodyEnd: "complete", fin: "failed" },
  chunked: { lastChunk: "trailers", fin: "failed", error: "failed" },
  trailers: { bodyEnd: "complete", fin: "failed", error: "failed" },
  untilClose: { fin: "complete" },
  tunnel: { fin: "complete" },
  complete: { next: "idle", fin: "complete" },
  failed: { fin: "failed" },
};

const EVENT_COUNT = 16;
const ILLEGAL = 255;
const NEXT: Uint8Array = compile();

/** The state that `event` leads to from `state`, both numbered by STATE and EVENT. Asserts that the table has it. */
export function nextState(state: number, event: number): number {
  const next = NEXT[state * EVENT_COUNT + event] as number;
  if (next === ILLEGAL) assert(false, `${nameOf(EVENT, event)} in state ${nameOf(STATE, state)}`);
  return next;
}

function nameOf(numbers: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(numbers).find((name) => numbers[name] === value) ?? String(value);
}

function compile(): Uint8Array {
  const table = new Uint8Array(Object.keys(STATE).length * EVENT_COUNT).fill(ILLEGAL);
  for (const [state, row] of Object.entries(MESSAGE_TRANSITIONS)) {
    for (const [event, next] of Object.entries(row)) {
      table[STATE[state as StateName] * EVENT_COUNT + EVENT[event as EventName]] = STATE[next];
    }
  }
  return table;
}
