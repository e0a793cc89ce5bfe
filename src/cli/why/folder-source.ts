// Where a field stands, of objects that were read from a folder.
import { parseFieldPath } from "#base/field-path.ts";
import type { Origin } from "#explain/explain.ts";
import type { Source } from "#explain/sources.ts";
import { type ConfigObject, objectName } from "#pilot/model/object.ts";

export function folderSource(
  objects: readonly ConfigObject[],
): (origin: Origin) => Source | undefined {
  const byName = new Map(objects.map((object) => [objectName(object), object]));
  return ({ object, field }) => byName.get(object)?.positionOf(parseFieldPath(field ?? ""));
}
