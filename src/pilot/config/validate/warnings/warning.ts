// A warning about one object: something that is allowed, and does not do what its author is likely to think.
import type { Kind, Specs } from "../../../model/object.ts";
import type { Field } from "../field.ts";

export interface Warning<K extends Kind> {
  /** How people and tools name it: "fault-without-percentage". */
  readonly name: string;
  /** `raw` is the spec as it was written, checked against its schema. */
  check(spec: Specs[K], field: Field, raw: unknown): void;
}
