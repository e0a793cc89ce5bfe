// One type on the client's side, in either variant: what is wanted, what was accepted, what has still to be said.
import type { ResourceUpdate, Verdict } from "./owner.ts";

/** An answer that waits for its turn: an ACK, or a NACK with its words. */
export interface Answer {
  readonly nonce: string;
  readonly error: string | undefined;
}

/** What the next request of this type says. */
export interface Say {
  readonly isFirst: boolean;
  readonly answer: Answer | undefined;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/**
 * ```
 *   new stream ─► first request due ─► quiet ◄──────────┐
 *                                        │ names change  │ request sent
 *                                        │ response came │
 *                                        ▼               │
 *                                       due ─────────────┘   (a paused watch stays due)
 * ```
 */
export class Watch {
  readonly typeUrl: string;
  readonly names: Set<string> = new Set();
  isWildcard = false;
  isPaused = false;
  /** SotW: the last accepted version; survives streams. */
  acceptedVersion = "";
  /** Delta: accepted versions by name; survive streams. */
  readonly versions: Map<string, string> = new Map();
  /** SotW: of the last response on this stream. */
  lastNonce = "";
  /** The last response was refused, wholly or in part. */
  #isMixed = false;
  #isFirst = true;
  #hasChanged = false;
  readonly #answers: Answer[] = [];
  readonly #subscribe: Set<string> = new Set();
  readonly #unsubscribe: Set<string> = new Set();

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  get isDue(): boolean {
    // A first request acknowledges nothing, so a pause does not concern it; a server must hear of clusters before routes.
    // Without names it would mean the wildcard: a watch that wants nothing stays silent.
    if (this.#isFirst) return this.isWildcard || this.names.size > 0;
    if (this.isPaused) return false;
    return this.#hasChanged || this.#answers.length > 0;
  }

  /** A new stream knows nothing: nonces and waiting answers belong to the old one. */
  restart(): void {
    // After a refusal what we have is no version of the server's: it shall not skip anything on the strength of it.
    if (this.#isMixed) this.acceptedVersion = "";
    this.#isFirst = true;
    this.#hasChanged = false;
    this.#answers.length = 0;
    this.#subscribe.clear();
    this.#unsubscribe.clear();
    this.lastNonce = "";
  }

  subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (this.names.has(name)) continue;
      this.names.add(name);
      this.#unsubscribe.delete(name);
      this.#subscribe.add(name);
      this.#hasChanged = true;
    }
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      if (!this.names.delete(name)) continue;
      this.versions.delete(name);
      if (!this.#subscribe.delete(name)) this.#unsubscribe.add(name);
      this.#hasChanged = true;
    }
  }

  subscribeAll(): void {
    if (this.isWildcard) return;
    this.isWildcard = true;
    this.#subscribe.add("*");
    this.#hasChanged = true;
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  /** Remembers what was accepted, for the first request of the next stream. */
  handleVerdict(update: ResourceUpdate, verdict: Verdict): void {
    this.#isMixed = verdict.kind === "rejected";
    if (verdict.kind === "accepted") this.acceptedVersion = update.version;
    else if (verdict.refused === "all") return;
    const refused = verdict.kind === "rejected" ? verdict.refused : undefined;
    for (const name of update.removed) this.versions.delete(name);
    for (const { name, version } of update.resources) {
      if (refused instanceof Set && refused.has(name)) continue;
      if (this.isWildcard || this.names.has(name)) this.versions.set(name, version);
    }
  }

  /** Takes what the next request says. In SotW only the last of several answers counts, in delta each is given. */
  take(variant: "sotw" | "delta"): Say {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const answer = variant === "sotw" ? this.#answers.splice(0).at(-1) : this.#answers.shift();
    // A lone wildcard is asked for by naming nothing, which every server understands; Envoy does the same.
    const wildcard = this.isWildcard && this.names.size > 0 ? ["*"] : [];
    const say = {
      isFirst,
      answer,
      subscribe: isFirst ? [...wildcard, ...this.names] : [...this.#subscribe],
      unsubscribe: isFirst ? [] : [...this.#unsubscribe],
    };
    this.#subscribe.clear();
    this.#unsubscribe.clear();
    this.#hasChanged = false;
    return say;
  }
}
