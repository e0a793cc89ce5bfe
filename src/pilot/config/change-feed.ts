// Who listens to a store, and what two states of it differ in.
import type { ConfigObject } from "../model/object.ts";
import { objectKey } from "../model/object.ts";
import type { ConfigChange, ConfigListener } from "./store.ts";

/** The listeners of one store. */
export class ChangeFeed {
  readonly #listeners = new Set<ConfigListener>();

  listen(listener: ConfigListener): { close(): void } {
    // A wrapper of its own, so that one function may listen twice and close each.
    const entry: ConfigListener = (changes) => listener(changes);
    this.#listeners.add(entry);
    return { close: () => void this.#listeners.delete(entry) };
  }

  publish(changes: readonly ConfigChange[]): void {
    for (const listener of [...this.#listeners]) listener(changes);
  }
}

/**
 * What turns `before` into `after`. Objects compare by identity: a store keeps the old object when the hash is equal.
 * An unchanged object that lost its place in the order (its file was renamed) is an update too: "oldest wins" may answer differently.
 */
export function differences(
  before: readonly ConfigObject[],
  after: readonly ConfigObject[],
): ConfigChange[] {
  const old = new Map(before.map((object) => [objectKey(object), object]));
  const now = new Set(after.map(objectKey));
  const keptBefore = before.filter((object) => now.has(objectKey(object)));
  const changes: ConfigChange[] = [];
  let keptIndex = 0;
  for (const object of after) {
    const previous = old.get(objectKey(object));
    if (previous === undefined) {
      changes.push({ kind: "added", object });
      continue;
    }
    const inPlace = keptBefore[keptIndex];
    keptIndex += 1;
    if (previous !== object || inPlace !== previous) {
      changes.push({ kind: "updated", object, previous });
    }
  }
  for (const object of before) {
    if (!now.has(objectKey(object))) changes.push({ kind: "removed", object });
  }
  return changes;
}
