// Remembers which virtual host the last few hosts led to, by their bytes: requests name the same few hosts again and again.
import { equalsAt } from "./bytes.ts";

/** 256 slots. A sidecar talks to tens of hosts; two that share a slot only push each other out. */
const SLOT_BITS = 8;
const SLOTS: number = 1 << SLOT_BITS;

/** Longer hosts are looked up each time: no DNS name is, and nobody shall fill memory with them. */
const MAX_HOST_BYTES = 255;

interface Slot<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

export class HostCache<T> {
  readonly #slots: (Slot<T> | undefined)[] = new Array<Slot<T> | undefined>(SLOTS).fill(undefined);

  /** What was put under exactly bytes[start, end). */
  get(bytes: Uint8Array, start: number, end: number): T | undefined {
    const slot = this.#slots[slotOf(bytes, start, end)];
    if (slot === undefined || slot.bytes.length !== end - start) return undefined;
    return equalsAt(bytes, start, slot.bytes) ? slot.value : undefined;
  }

  put(bytes: Uint8Array, start: number, end: number, value: T): void {
    if (end - start > MAX_HOST_BYTES) return;
    this.#slots[slotOf(bytes, start, end)] = { bytes: bytes.slice(start, end), value };
  }
}

/** Names in one mesh share their tails and differ in their first letters. */
const HASHED_BYTES = 8;

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + HASHED_BYTES);
  let hash = end - start;
  for (let i = start; i < stop; i += 1) hash = Math.imul(hash, 31) + (bytes[i] as number);
  // The golden ratio's factor spreads the sum over the top bits.
  return Math.imul(hash, 0x9e3779b1) >>> (32 - SLOT_BITS);
}
