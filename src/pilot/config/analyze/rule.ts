// A rule that looks at one object beside all others: something that is valid and does not do what it seems to.
import type { FieldPath } from "#base/field-path.ts";
import type { ConfigObject, Kind } from "../../model/object.ts";
import type { Snapshot } from "../../model/snapshot.ts";

/** `path` from the top of the document: `["spec", "http", 0]`. The message says what happens, and what would be right. */
type Report = (path: FieldPath, message: string) => void;

export interface Rule<K extends Kind> {
  /** How people and tools name it: "undefined-subset". */
  readonly name: string;
  /** VirtualServices come with full names and delegates put in; `world` answers what depends on configuration alone. */
  check(object: ConfigObject<K>, world: Snapshot, report: Report): void;
}
