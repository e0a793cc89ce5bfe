// What waits to be written to one socket: collected during an event, written at its end, the remainder kept until the kernel
// drains. Says when more than the watermark waits, so that the source can be paused.
import type { Socket } from "#base/net.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { Dispatcher, Flushable } from "./dispatcher.ts";

export interface SocketWriterOwner {
  /** More than the limit waits: stop what feeds this socket. */
  onAboveWatermark(): void;
  /** Half of the limit or less waits again. */
  onBelowWatermark(): void;
  /** Nothing waits any more. Called only after `notifyWhenFlushed`. */
  onFlushed(): void;
}

/** From this size on a chunk goes to the kernel straight from where it was read; below it one copy is cheaper than one write. */
const DIRECT_WRITE_BYTES = 16 * 1024;

export class SocketWriter implements Flushable {
  /** Bytes that the kernel has taken. */
  bytesSent = 0;
  isAboveWatermark = false;
  readonly #dispatcher: Dispatcher;
  readonly #owner: SocketWriterOwner;
  readonly #limitBytes: number;
  #socket: Socket | undefined;
  #out: OutputBuffer | undefined;
  #isDirty = false;
  #waitsForDrain = false;
  #notifies = false;

  /** `limitBytes`: the watermark; reading of the source resumes at half of it. */
  constructor(dispatcher: Dispatcher, owner: SocketWriterOwner, limitBytes: number) {
    this.#dispatcher = dispatcher;
    this.#owner = owner;
    this.#limitBytes = limitBytes;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  /** The socket is gone: what waits is dropped. */
  detach(): void {
    this.#socket = undefined;
    this.#waitsForDrain = false;
    this.#releaseBuffer();
  }

  get pendingBytes(): number {
    const out = this.#out;
    return out === undefined ? 0 : out.end - out.start;
  }

  /** The buffer to encode into; it is flushed at the end of the event. */
  buffer(): OutputBuffer {
    this.#markDirty();
    if (this.#out === undefined) this.#out = this.#dispatcher.takeBuffer();
    return this.#out;
  }

  /** Appends body bytes; a big chunk goes to the kernel at once, without a copy. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= DIRECT_WRITE_BYTES && !this.#waitsForDrain && this.#socket !== undefined) {
      if (this.pendingBytes > 0) this.#writePending();
      if (!this.#waitsForDrain) {
        const taken = this.#socket.write(bytes, start, end);
        this.bytesSent += taken;
        if (taken === end - start) return;
        this.#waitsForDrain = true;
        start += taken;
      }
    }
    this.buffer().copy(bytes, start, end);
  }

  /** `onFlushed` will be called once, when (or if already) nothing waits; not before the end of this event. */
  notifyWhenFlushed(): void {
    this.#notifies = true;
    this.#markDirty();
  }

  flush(): void {
    this.#isDirty = false;
    if (this.#socket === undefined) {
      this.#releaseBuffer();
      return;
    }
    if (!this.#waitsForDrain && this.pendingBytes > 0) this.#writePending();
    this.#checkWatermark();
    if (this.#notifies && this.pendingBytes === 0) {
      this.#notifies = false;
      this.#owner.onFlushed();
    }
  }

  /** The kernel takes bytes again. */
  onDrain(): void {
    this.#waitsForDrain = false;
    this.flush();
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#dispatcher.markDirty(this);
  }

  #writePending(): void {
    const out = this.#out;
    const socket = this.#socket;
    if (out === undefined || socket === undefined) return;
    const taken = socket.write(out.bytes, out.start, out.end);
    this.bytesSent += taken;
    out.start += taken;
    if (out.start < out.end) this.#waitsForDrain = true;
    else this.#releaseBuffer();
  }

  #releaseBuffer(): void {
    if (this.#out === undefined) return;
    this.#dispatcher.giveBuffer(this.#out);
    this.#out = undefined;
  }

  #checkWatermark(): void {
    const pending = this.pendingBytes;
    if (!this.isAboveWatermark) {
      if (pending > this.#limitBytes) {
        this.isAboveWatermark = true;
        this.#owner.onAboveWatermark();
      }
    } else if (pending <= this.#limitBytes / 2) {
      this.isAboveWatermark = false;
      this.#owner.onBelowWatermark();
    }
  }
}
