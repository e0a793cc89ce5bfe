// The contract of every configuration store: what exists now, what changed, and what is wrong. Memory and folder implement it.
import type { ConfigObject, Problem } from "../model/object.ts";

export type ConfigChange =
  | { readonly kind: "added"; readonly object: ConfigObject }
  | { readonly kind: "updated"; readonly object: ConfigObject; readonly previous: ConfigObject }
  | { readonly kind: "removed"; readonly object: ConfigObject };

/** Called after `list()` shows the changes; an empty list says that only problems changed. A listener may not change the store. */
export type ConfigListener = (changes: readonly ConfigChange[]) => void;

export interface ConfigStore {
  /**
   * Every valid object, oldest first: by creation, then file path, then place in the file.
   * An immutable list; the same one until something changes, and unchanged objects keep their identity in the next.
   */
  list(): readonly ConfigObject[];
  onChange(listener: ConfigListener): { close(): void };
  /** What is wrong now, in the order of files and documents. A problem goes when its document is mended or removed. */
  problems(): readonly Problem[];
}
