// What a client asks for of one type: names, the wildcard, or both; xds_protocol, "How the client specifies what resources to return".

/** What a request changed. */
export interface SubscriptionChange {
  /** To be answered, sent before or not: SotW the new names, delta every name in the request. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly wildcardBegan: boolean;
  readonly wildcardEnded: boolean;
}

const WILDCARD = "*";

/**
 * ```
 *             first request without names           a name or "*"
 *   silent ─────────────────────────────► legacy ──────────────────┐
 *     │                                                            ▼
 *     └──────────────────── a name or "*" ──────────────────────► named
 * ```
 * silent: nothing asked yet. legacy: the wildcard by saying nothing, only for types that allow it (LDS, CDS). named: names and
 * perhaps "*"; from here no names means nothing at all, never the wildcard again.
 */
export class Subscription {
  readonly names: Set<string> = new Set();
  isWildcard = false;
  /** Of all names together. */
  characterCount = 0;
  #state: "silent" | "legacy" | "named" = "silent";
  readonly #allowsLegacy: boolean;

  constructor(allowsLegacy: boolean) {
    this.#allowsLegacy = allowsLegacy;
  }

  /** SotW: the request lists all that the client wants. */
  replace(wanted: readonly string[]): SubscriptionChange {
    const before = this.isWildcard;
    if (wanted.length > 0) this.#state = "named";
    else if (this.#state === "silent" && this.#allowsLegacy) this.#state = "legacy";
    this.isWildcard = this.#state === "legacy" || wanted.includes(WILDCARD);

    const next = new Set(wanted);
    next.delete(WILDCARD);
    const added: string[] = [];
    const removed: string[] = [];
    for (const name of next) if (!this.names.has(name)) added.push(name);
    for (const name of this.names) if (!next.has(name)) removed.push(name);
    for (const name of added) this.#add(name);
    for (const name of removed) this.#delete(name);
    return this.#change(added, removed, before);
  }

  /** Delta: the request lists what changes. A name that is subscribed to again counts as added: the client may have forgotten it. */
  change(
    subscribe: readonly string[],
    unsubscribe: readonly string[],
    isFirst: boolean,
  ): SubscriptionChange {
    const before = this.isWildcard;
    if (isFirst && subscribe.length === 0 && this.#allowsLegacy) {
      this.#state = "legacy";
      this.isWildcard = true;
    }
    // Unlike SotW, naming something does not end a legacy wildcard: only unsubscribing from "*" does.
    if (subscribe.length > 0) this.#state = "named";
    const added = new Set<string>();
    for (const name of subscribe) {
      if (name === WILDCARD) this.isWildcard = true;
      else {
        this.#add(name);
        added.add(name);
      }
    }
    const removed = new Set<string>();
    for (const name of unsubscribe) {
      if (name === WILDCARD) {
        this.isWildcard = false;
        this.#state = "named";
      } else if (this.#delete(name)) {
        added.delete(name);
        removed.add(name);
      }
    }
    return this.#change([...added], [...removed], before);
  }

  /** True when the client still wants `name` because it named it. */
  isNamed(name: string): boolean {
    return this.names.has(name);
  }

  #add(name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    this.characterCount += name.length;
  }

  #delete(name: string): boolean {
    if (!this.names.delete(name)) return false;
    this.characterCount -= name.length;
    return true;
  }

  #change(added: string[], removed: string[], before: boolean): SubscriptionChange {
    return {
      added,
      removed,
      wildcardBegan: this.isWildcard && !before,
      wildcardEnded: !this.isWildcard && before,
    };
  }
}
