// Two ends of a channel in memory, for tests: copies as between threads, and delivered only when the test says so.
import type { Channel } from "#base/channel.ts";

class End<In, Out> implements Channel<In, Out> {
  readonly inbox: In[] = [];
  #handler: ((message: In) => void) | undefined;
  #other: { readonly inbox: Out[] } | undefined;

  join(other: { readonly inbox: Out[] }): void {
    this.#other = other;
  }

  post(message: Out): void {
    this.#other?.inbox.push(structuredClone(message));
  }

  listen(handler: (message: In) => void): void {
    this.#handler = handler;
  }

  /** Hands over the oldest message; false when there is none. */
  deliver(): boolean {
    const message = this.#handler === undefined ? undefined : this.inbox.shift();
    if (message === undefined) return false;
    this.#handler?.(message);
    return true;
  }
}

export class MemoryChannel<Up, Down> {
  readonly #parent = new End<Up, Down>();
  readonly #child = new End<Down, Up>();

  constructor() {
    this.#parent.join(this.#child);
    this.#child.join(this.#parent);
  }

  get parent(): Channel<Up, Down> {
    return this.#parent;
  }

  get child(): Channel<Down, Up> {
    return this.#child;
  }

  /** Delivers until neither end has anything left. */
  run(): void {
    while (this.#child.deliver() || this.#parent.deliver());
  }
}
