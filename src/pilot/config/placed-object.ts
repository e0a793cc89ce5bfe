// A configuration object with its place in a file. The place is shared by all versions of the object and follows the newest.
import type { FieldPath } from "#base/field-path.ts";
import type { ConfigObject, Kind, SourcePosition, Specs } from "../model/object.ts";
import type { DocumentText, TextPosition } from "./document-text.ts";

/** Where an object is written. */
export interface ObjectPlace {
  readonly document: DocumentText;
  /** Which document of the text, when it could not be cut. */
  readonly index: number;
  /** Where the object begins in the text. */
  readonly start: TextPosition;
  /** Steps from the document to the object: `["items", 3]` in a List. */
  readonly at: FieldPath;
}

/** Everything of an object but its place. */
export interface ObjectContent<K extends Kind = Kind> {
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly spec: Specs[K];
  readonly hash: string;
}

export class PlacedObject<K extends Kind = Kind> implements ConfigObject<K> {
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly spec: Specs[K];
  readonly hash: string;
  #place: { current: ObjectPlace };

  constructor(content: ObjectContent<K>, place: ObjectPlace) {
    this.kind = content.kind;
    this.namespace = content.namespace;
    this.name = content.name;
    this.labels = content.labels;
    this.annotations = content.annotations;
    this.createdMs = content.createdMs;
    this.spec = content.spec;
    this.hash = content.hash;
    this.#place = { current: place };
  }

  get source(): SourcePosition {
    const { document, start } = this.#place.current;
    return document.locate(start);
  }

  get place(): ObjectPlace {
    return this.#place.current;
  }

  positionOf(path: FieldPath): SourcePosition {
    const { document, index, at } = this.#place.current;
    return document.locate(document.find(index, [...at, ...path]));
  }

  /** The same content is written elsewhere now. */
  moveTo(place: ObjectPlace): void {
    this.#place.current = place;
  }

  /** This is the next version of `older`: whoever still holds the older sees where the object stands now. */
  succeed(older: PlacedObject): void {
    older.#place.current = this.#place.current;
    this.#place = older.#place;
  }
}
