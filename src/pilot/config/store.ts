// The contract of every configuration store: what exists now, what changed, what is wrong, and how it is written.
// Memory and folder implement it; store.contract.test.ts holds both to it.
import type { ConfigObject, ObjectKey, Problem } from "../model/object.ts";

export type ConfigChange =
  | { readonly kind: "added"; readonly object: ConfigObject }
  | { readonly kind: "updated"; readonly object: ConfigObject; readonly previous: ConfigObject }
  | { readonly kind: "removed"; readonly object: ConfigObject };

/** Called after `list()` shows the changes; an empty list says that only problems changed. A listener may not change the store. */
export type ConfigListener = (changes: readonly ConfigChange[]) => void;

/** What must hold for a write to happen; undefined fields ask for nothing. */
export interface WriteCondition {
  /** "absent": it is made anew. "present": it is changed. */
  readonly mustBe?: "absent" | "present";
  /** `versionOf` the object that the writer has seen: optimistic concurrency. */
  readonly version?: string;
}

export interface PutRequest {
  /** One YAML (or JSON) document: the whole object as it is to be. */
  readonly text: string;
  /** How problems name that text: "reviews.yaml", "request body". */
  readonly file: string;
  /**
   * "text": the author's text replaces the old one, comments and all. "merge": the text was made by a program; what the old
   * text says of fields that stay as they are, its comments with them, is kept.
   */
  readonly style: "text" | "merge";
  readonly condition?: WriteCondition;
  /** Everything but the writing. */
  readonly isDryRun?: boolean;
}

export type WriteRefusal =
  /** `mustBe: "absent"`, and it is there. */
  | { readonly kind: "exists"; readonly object: ConfigObject }
  /** `mustBe: "present"`, or to be removed, and it is not there. */
  | { readonly kind: "missing" }
  /** It is not the version that the writer has seen. */
  | { readonly kind: "conflict"; readonly object: ConfigObject }
  /** It cannot be written where it stands; says why, and what to do. Nothing was changed. */
  | { readonly kind: "failed"; readonly reason: string };

export type PutOutcome =
  | {
      readonly kind: "created" | "configured" | "unchanged";
      readonly object: ConfigObject;
      /** What its text is warned about. */
      readonly warnings: readonly Problem[];
    }
  /** In the order of the text; positions are those of the text that was sent. */
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
  | WriteRefusal;

export type RemoveOutcome =
  | { readonly kind: "removed"; readonly object: ConfigObject }
  | WriteRefusal;

export interface ConfigStore {
  /**
   * Every valid object, oldest first: by creation, then file path, then place in the file.
   * An immutable list; the same one until something changes, and unchanged objects keep their identity in the next.
   */
  list(): readonly ConfigObject[];
  onChange(listener: ConfigListener): { close(): void };
  /** What is wrong now, in the order of files and documents. A problem goes when its document is mended or removed. */
  problems(): readonly Problem[];
  /** Validates and then writes; when it resolves, `list()` shows it. Writes happen one after another. Never rejects. */
  put(request: PutRequest): Promise<PutOutcome>;
  /** Takes the object away; when it resolves, `list()` shows it. */
  remove(key: ObjectKey, condition?: WriteCondition, isDryRun?: boolean): Promise<RemoveOutcome>;
}
