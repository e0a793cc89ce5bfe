// What Kubernetes' API tells of an object besides its content: which one it is, how often it changed, since when it is known.
import type { Clock } from "#base/clock.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { ConfigChange, ConfigStore } from "../config/store.ts";
import { type ConfigObject, type ObjectKey, objectKey } from "../model/object.ts";

export interface ObjectRecord {
  /** Another one after the object was removed and made again, and after a restart of the pilot. */
  readonly uid: string;
  /** 1, and one more with every change of content; begins again with the pilot. */
  readonly generation: number;
  /** `metadata.creationTimestamp` where the file has one; else since when this pilot has known it. Since 1970. */
  readonly createdMs: number;
}

export class ObjectRecords {
  readonly #clock: Clock;
  readonly #records = new Map<ObjectKey, ObjectRecord>();
  readonly #subscription: { close(): void };
  #changeCount = 0;

  constructor(store: ConfigStore, clock: Clock) {
    this.#clock = clock;
    for (const object of store.list()) this.#add(object);
    this.#subscription = store.onChange((changes) => {
      this.#changeCount += 1;
      for (const change of changes) this.#handle(change);
    });
  }

  /** Of the whole list: grows with every change of anything. */
  get version(): string {
    return String(this.#changeCount + 1);
  }

  of(object: ConfigObject): ObjectRecord {
    return this.#records.get(objectKey(object)) ?? this.#new(object);
  }

  close(): void {
    this.#subscription.close();
  }

  #handle(change: ConfigChange): void {
    const key = objectKey(change.object);
    if (change.kind === "removed") this.#records.delete(key);
    else if (change.kind === "added") this.#add(change.object);
    else if (change.previous.hash !== change.object.hash) {
      const before = this.of(change.object);
      this.#records.set(key, { ...before, generation: before.generation + 1 });
    }
  }

  #add(object: ConfigObject): void {
    this.#records.set(objectKey(object), this.#new(object));
  }

  #new(object: ConfigObject): ObjectRecord {
    const knownSinceMs = this.#clock.wallMs();
    return {
      uid: uidOf(`${objectKey(object)} ${knownSinceMs} ${this.#changeCount}`),
      generation: 1,
      createdMs: object.createdMs === 0 ? knownSinceMs : object.createdMs,
    };
  }
}

/** Two hashes in the form of a UUID of version 8: "made by the vendor's own rule". */
function uidOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const hex = contentVersion(bytes) + contentVersion(new TextEncoder().encode(`uid ${text}`));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
