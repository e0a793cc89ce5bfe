// One type on one stream: what is asked for, what the client was sent, what it accepted, and what it should get next.
// Knows nothing of other types (order.ts does) and nothing of messages (sotw.ts, delta.ts).
import { assert } from "#base/assert.ts";
import { SetVersion } from "#xds/content-version.ts";
import {
  ACK_LIMIT_MS,
  MAX_NACK_CHARACTERS,
  MAX_UNACKNOWLEDGED,
  RECONNECT_GRACE_MS,
} from "#xds/limits.ts";
import { isFullState, typeRank } from "#xds/type-url.ts";
import { namedIn } from "./nack-words.ts";
import { Narrowing } from "./narrowing.ts";
import type { Resource, ResourceSource } from "./resource.ts";
import type { NackStatus } from "./status.ts";
import { Subscription, type SubscriptionChange } from "./subscription.ts";

/** A response on its way: which of its resources the answer will settle. */
interface Unacknowledged {
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Resource[];
  readonly deadlineMs: number;
  isOverdue: boolean;
}

/** What a NACK was about. */
export interface Nack {
  readonly version: string;
  /** The client's words; unescaped, cut at MAX_NACK_CHARACTERS. */
  readonly message: string;
  /** The refused resources; while `isNarrowing`, all that may be meant. */
  readonly names: readonly string[];
  /** It does not say which: the resources are sent again in parts to find out. */
  readonly isNarrowing: boolean;
}

const EMPTY = new Uint8Array(0);

/** A client said that it has this version; what is in it is not known. */
export function isClaimed(resource: Resource): boolean {
  return resource.body === EMPTY;
}

/**
 * The life of one resource at one client:
 * ```
 *              nextResponse           ACK
 *   toSend ───────────────► sent ───────────► accepted ──┐
 *     ▲                      │ NACK                      │ the world has another version: toSend again
 *     │                      ▼                           │ the world has it no more: toRemove, then gone
 *     └── another version ─ refused
 * ```
 * A refused version equals what was sent, so it is not sent again until it changes. When a NACK does not say which of several
 * resources it means, they go back to `sent` in parts first.
 */
export class TypeState {
  readonly typeUrl: string;
  readonly rank: number;
  readonly subscription: Subscription;
  /** What the client was sent last (or said it has), by name; accepted unless it is in `#fallback`. */
  readonly sent: Map<string, Resource> = new Map();
  /** Differs from what was sent, or is owed. */
  readonly toSend: Map<string, Resource> = new Map();
  /** The client has it, the world does not. */
  readonly toRemove: Set<string> = new Set();
  /** Named by the client just now, and not there. */
  readonly missing: Set<string> = new Set();
  /** Refused as sent -> the client's words. */
  readonly refusals: Map<string, string> = new Map();
  /** Resources that wait for clusters: until when (a time, or Infinity). */
  readonly heldUntilMs: Map<string, number> = new Map();
  /** The client waits for a response, even for one that says nothing. */
  isAnswerOwed = false;

  sentVersion = "";
  sentNonce = "";
  sentAtMs: number | undefined;
  ackedVersion = "";
  ackedAtMs: number | undefined;
  lastNack: NackStatus | undefined;

  /** Not accepted as sent -> what the client accepted before, if anything. */
  readonly #fallback: Map<string, Resource | undefined> = new Map();
  /** To be sent whatever its version. */
  readonly #owed: Set<string> = new Set();
  readonly #unacknowledged: Unacknowledged[] = [];
  readonly #narrowing = new Narrowing();
  /** The world that `toSend` and `toRemove` are the difference to. */
  #compared: ResourceSource | undefined;
  /** What the client asks for has changed since: all of it has to be looked at. */
  #isResubscribed = true;
  readonly #sum = new SetVersion();
  /** SotW: the version that the client says it has accepted on an earlier stream. */
  #claimedVersion = "";
  #claimedCharacterCount = 0;
  /** Delta: nothing is removed before, because other types' first requests may still be on their way. */
  #keepUntilMs = 0;

  constructor(typeUrl: string, isWildcardType: boolean) {
    this.typeUrl = typeUrl;
    this.rank = typeRank(typeUrl);
    this.subscription = new Subscription(isWildcardType);
  }

  // ---- what the client says ----

  /** What the client makes us keep. */
  get characterCount(): number {
    return this.typeUrl.length + this.subscription.characterCount + this.#claimedCharacterCount;
  }

  /** SotW, first request: the client may still have everything of `version`. */
  claim(version: string): void {
    this.#claimedVersion = version;
  }

  /** Delta, first request: the client has these versions, by name. Their content is not known. */
  claimEach(versions: Readonly<Record<string, string>>, nowMs: number): void {
    for (const [name, version] of Object.entries(versions)) {
      if (!this.subscription.isWildcard && !this.subscription.isNamed(name)) continue;
      this.#put(name, { typeUrl: this.typeUrl, name, version, body: EMPTY });
      this.#claimedCharacterCount += name.length + version.length;
      this.#owed.delete(name);
      this.isAnswerOwed = false;
      this.#keepUntilMs = nowMs + RECONNECT_GRACE_MS;
    }
  }

  handleSubscription(change: SubscriptionChange, variant: "sotw" | "delta"): void {
    if (change.wildcardBegan || change.wildcardEnded) this.#isResubscribed = true;
    if (change.added.length > 0 || change.removed.length > 0) this.#isResubscribed = true;
    const fullAnswer = variant === "sotw" && isFullState(this.typeUrl);
    if (change.wildcardBegan) this.isAnswerOwed = true;
    if (fullAnswer && change.added.length > 0) this.isAnswerOwed = true;
    for (const name of change.added) this.owe(name);
    for (const name of change.removed) {
      // Under "*" the client cannot know whether the wildcard still covers the name: it is told (xds_protocol).
      if (this.subscription.isWildcard && variant === "delta") this.owe(name);
      else if (!this.subscription.isWildcard) this.#forget(name);
    }
    if (change.wildcardEnded) {
      for (const name of [...this.sent.keys()]) {
        if (!this.subscription.isNamed(name)) this.#forget(name);
      }
    }
  }

  /** `name` will be sent at the next occasion, unchanged or not. */
  owe(name: string): void {
    this.#owed.add(name);
  }

  /** An ACK; returns the accepted version, or undefined when the nonce is not one that waits. */
  handleAck(nonce: string, nowMs: number): string | undefined {
    const settled = this.#settle(nonce);
    if (settled === undefined) return undefined;
    for (const resource of settled.resources) this.#accept(resource);
    this.ackedVersion = settled.version;
    this.ackedAtMs = nowMs;
    return settled.version;
  }

  /**
   * A NACK; undefined when the nonce is not one that waits. Which resources were taken all the same is not in the protocol.
   * Seen on Envoy 1.40: of CDS and LDS it takes all but those that it names, unless the response fails validation; of EDS and
   * RDS, and when validation fails, it stops at the first bad one and may not name it. So what is not certain is sent again
   * in parts, until the bad ones stand alone: one bad resource shall hold up no other.
   */
  handleNack(nonce: string, message: string, nowMs: number): Nack | undefined {
    const settled = this.#settle(nonce);
    if (settled === undefined) return undefined;
    const words = message.slice(0, MAX_NACK_CHARACTERS);
    this.lastNack = { message: words, version: settled.version, nonce, atMs: nowMs };
    const { version } = settled;
    // What the client had accepted before in the same version is not what it complains of.
    const suspects = settled.resources.filter(({ name }) => this.#fallback.has(name));
    const names = suspects.map((resource) => resource.name);
    const named = namedIn(message, names);
    const stoodAlone = settled.resources.length === 1 && suspects.length === 1;
    const isCertain = stoodAlone || (isFullState(this.typeUrl) && named.size > 0);
    if (!isCertain) {
      this.#narrowing.add(names, named);
      return { version, message: words, names, isNarrowing: names.length > 0 };
    }
    const refused = stoodAlone ? new Set(names) : named;
    for (const resource of suspects) {
      if (!refused.has(resource.name)) this.#accept(resource);
      else if (this.sent.get(resource.name) === resource) this.refusals.set(resource.name, words);
    }
    return { version, message: words, names: [...refused], isNarrowing: false };
  }

  // ---- what the world says ----

  /** Compares the world with what the client was sent, and notes the difference. */
  compare(source: ResourceSource): void {
    const earlier = this.#compared;
    this.#compared = source;
    const changed =
      earlier === source ? [] : earlier && source.changedSince?.(this.typeUrl, earlier);
    if (changed === undefined || this.#isResubscribed) {
      this.#isResubscribed = false;
      this.#compareAll(source);
    } else {
      for (const name of changed) this.#compareName(source, name);
      for (const name of this.#owed) this.#compareName(source, name);
    }
  }

  #compareAll(source: ResourceSource): void {
    this.toSend.clear();
    this.toRemove.clear();
    const seen = new Set<string>();
    if (this.subscription.isWildcard) {
      for (const resource of source.list(this.typeUrl)) {
        assert(!seen.has(resource.name), `${this.typeUrl} ${resource.name} is listed twice`);
        seen.add(resource.name);
        this.#compareOne(resource);
      }
    }
    for (const name of this.subscription.names) {
      if (seen.has(name)) continue;
      const resource = source.get(this.typeUrl, name);
      if (resource === undefined) continue;
      assert(resource.name === name, `${this.typeUrl} ${name} was answered by ${resource.name}`);
      seen.add(name);
      this.#compareOne(resource);
    }
    for (const name of this.sent.keys()) if (!seen.has(name)) this.#noteAbsent(name);
    for (const name of this.#owed) if (!seen.has(name)) this.#noteAbsent(name);
    this.#honourClaim();
  }

  #compareName(source: ResourceSource, name: string): void {
    if (!this.subscription.isWildcard && !this.subscription.isNamed(name)) return;
    const resource = source.get(this.typeUrl, name);
    if (resource === undefined) this.#noteAbsent(name);
    else this.#compareOne(resource);
  }

  /** The world does not have it (any more). */
  #noteAbsent(name: string): void {
    this.toSend.delete(name);
    this.heldUntilMs.delete(name);
    if (this.sent.has(name)) this.toRemove.add(name);
    else if (this.#owed.has(name)) this.missing.add(name);
    this.#owed.delete(name);
  }

  #compareOne(resource: Resource): void {
    const { name } = resource;
    this.toRemove.delete(name);
    this.missing.delete(name);
    const sent = this.sent.get(name);
    const isOwed = this.#owed.has(name);
    if (sent === undefined || sent.version !== resource.version || isOwed) {
      this.toSend.set(name, resource);
      return;
    }
    this.toSend.delete(name);
    this.heldUntilMs.delete(name);
    // The same content in a newer world: keep that object, so that the older world can be freed.
    if (sent !== resource && !this.#fallback.has(name)) this.sent.set(name, resource);
  }

  /** SotW reconnect: when the client's version is the hash of exactly this world, it has all of it. */
  #honourClaim(): void {
    const claimed = this.#claimedVersion;
    if (claimed === "") return;
    this.#claimedVersion = "";
    // Only the pure wildcard: with names the client's subscription may have changed meanwhile (xds_protocol, "Resource versions").
    if (!this.subscription.isWildcard || this.subscription.names.size > 0) return;
    const sum = new SetVersion();
    for (const resource of this.toSend.values()) sum.add(resource.version);
    if (sum.toString() !== claimed) return;
    for (const resource of this.toSend.values()) this.#put(resource.name, resource);
    this.toSend.clear();
    this.isAnswerOwed = false;
    this.sentVersion = claimed;
    this.ackedVersion = claimed;
  }

  // ---- what goes out ----

  /** False while a response waits for its ACK; after ACK_LIMIT_MS a newer one may go all the same. */
  get maySend(): boolean {
    const last = this.#unacknowledged.at(-1);
    return (
      last === undefined || (last.isOverdue && this.#unacknowledged.length < MAX_UNACKNOWLEDGED)
    );
  }

  /** The next part of a refused response, in the newest versions that may be sent; undefined when there is none. */
  nextPart(maySend: (resource: Resource) => boolean): Resource[] | undefined {
    return this.#narrowing.next((name) => {
      if (!this.#fallback.has(name) || this.toRemove.has(name)) return undefined;
      const newer = this.toSend.get(name);
      return newer !== undefined && maySend(newer) ? newer : this.sent.get(name);
    });
  }

  isSetAside(name: string): boolean {
    return this.#narrowing.isSetAside(name);
  }

  /** Notes that a response left. `fullVersion`: the version of a complete SotW response; otherwise that of all that was sent. */
  handleSent(
    response: {
      readonly nonce: string;
      readonly changed: readonly Resource[];
      readonly removed: readonly string[];
      readonly fullVersion?: string;
      readonly isPart: boolean;
    },
    nowMs: number,
  ): string {
    if (response.isPart) this.#narrowing.handleSent();
    for (const resource of response.changed) this.#noteSent(resource);
    for (const name of response.removed) this.#forget(name);
    this.missing.clear();
    this.isAnswerOwed = false;
    this.sentVersion = response.fullVersion ?? this.#sum.toString();
    this.sentNonce = response.nonce;
    this.sentAtMs = nowMs;
    this.#unacknowledged.push({
      nonce: response.nonce,
      version: this.sentVersion,
      resources: response.changed,
      deadlineMs: nowMs + ACK_LIMIT_MS,
      isOverdue: false,
    });
    return this.sentVersion;
  }

  /** SotW, types without removal: the client drops them when nothing refers to them any more; we only stop knowing them. */
  forgetRemoved(names: readonly string[]): void {
    for (const name of names) this.#forget(name);
    this.missing.clear();
  }

  /** The last thing sent was a complete state of this version, and the client accepted it. */
  isAcknowledged(version: string): boolean {
    return version === this.ackedVersion && version === this.sentVersion && !this.isWaiting;
  }

  /** The client turns out to have these, and not those. */
  adopt(resources: readonly Resource[], absent: readonly string[]): void {
    for (const resource of resources) {
      this.#noteSent(resource);
      this.#accept(resource);
    }
    for (const name of absent) this.#forget(name);
  }

  handleTimeout(nowMs: number): void {
    for (const waiting of this.#unacknowledged) {
      if (waiting.deadlineMs <= nowMs) waiting.isOverdue = true;
    }
    for (const [name, untilMs] of this.heldUntilMs) {
      if (untilMs <= nowMs) this.heldUntilMs.set(name, Number.NEGATIVE_INFINITY);
    }
    if (this.#keepUntilMs <= nowMs) this.#keepUntilMs = 0;
  }

  nextTimeoutMs(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#unacknowledged) {
      if (!waiting.isOverdue) next = Math.min(next, waiting.deadlineMs);
    }
    for (const untilMs of this.heldUntilMs.values()) {
      if (untilMs !== Number.NEGATIVE_INFINITY) next = Math.min(next, untilMs);
    }
    if (this.toRemove.size > 0 && this.#keepUntilMs > 0) next = Math.min(next, this.#keepUntilMs);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  // ---- what the client has ----

  /** Removals have to wait for what the client has yet to say on this new stream. */
  get isRejoining(): boolean {
    return this.#keepUntilMs > 0;
  }

  get isWaiting(): boolean {
    return this.#unacknowledged.length > 0;
  }

  /** The last version that the client accepted, or said it has. */
  accepted(name: string): Resource | undefined {
    return this.#fallback.has(name) ? this.#fallback.get(name) : this.sent.get(name);
  }

  /** Names whose sent version the client has not accepted (yet). */
  unaccepted(): IterableIterator<string> {
    return this.#fallback.keys();
  }

  isAccepted(name: string): boolean {
    return this.sent.has(name) && !this.#fallback.has(name);
  }

  /** Everything of the newest world is with the client, and accepted. */
  get isSettled(): boolean {
    return (
      this.toSend.size === 0 &&
      this.toRemove.size === 0 &&
      this.#fallback.size === 0 &&
      this.#unacknowledged.length === 0
    );
  }

  #settle(nonce: string): Unacknowledged | undefined {
    const index = this.#unacknowledged.findIndex((waiting) => waiting.nonce === nonce);
    return index < 0 ? undefined : this.#unacknowledged.splice(index, 1)[0];
  }

  /** SotW: an answer to the last response answers those before it too, of which no word will come. */
  settleEarlier(nonce: string): void {
    while (this.#unacknowledged.length > 0 && this.#unacknowledged[0]?.nonce !== nonce) {
      for (const resource of this.#unacknowledged.shift()?.resources ?? []) this.#accept(resource);
    }
  }

  #accept(resource: Resource): void {
    // A newer version may have been sent meanwhile; then this one is what the client falls back to.
    if (this.sent.get(resource.name) === resource) {
      this.#fallback.delete(resource.name);
      this.refusals.delete(resource.name);
    } else if (this.#fallback.has(resource.name)) {
      this.#fallback.set(resource.name, resource);
    }
  }

  #noteSent(resource: Resource): void {
    const { name } = resource;
    const before = this.sent.get(name);
    const isRepeated = before !== undefined && before.version === resource.version;
    if (!this.#fallback.has(name) && !isRepeated) this.#fallback.set(name, before);
    this.#put(name, resource);
    this.refusals.delete(name);
    this.#owed.delete(name);
    // While a refusal is narrowed down, an older version may go out than the one that waits.
    if (this.toSend.get(name)?.version !== resource.version) return;
    this.toSend.delete(name);
    this.heldUntilMs.delete(name);
  }

  #put(name: string, resource: Resource): void {
    const before = this.sent.get(name);
    if (before !== undefined) this.#sum.remove(before.version);
    this.#sum.add(resource.version);
    this.sent.set(name, resource);
  }

  #forget(name: string): void {
    const before = this.sent.get(name);
    if (before !== undefined) this.#sum.remove(before.version);
    this.sent.delete(name);
    this.#fallback.delete(name);
    this.#owed.delete(name);
    this.refusals.delete(name);
    this.heldUntilMs.delete(name);
    this.toSend.delete(name);
    this.toRemove.delete(name);
    this.missing.delete(name);
  }
}
