// The objects of a running pilot, read as if they stood in files: what local files are analysed against.
import { renderYaml } from "#api/yaml-edit.ts";
import type { DescribedObject } from "#pilot/api/debug-pages.ts";
import { readOneObject } from "#pilot/config/object-document.ts";
import { KIND_NAMES } from "#pilot/model/kinds.ts";
import { type ConfigObject, objectKey } from "#pilot/model/object.ts";
import type { PilotClient } from "../client/pilot-client.ts";
import { ObjectClient } from "../config/object-client.ts";

export type PilotObjects =
  | { readonly kind: "loaded"; readonly objects: readonly ConfigObject[] }
  | { readonly kind: "failed"; readonly message: string };

export async function loadPilotObjects(pilot: PilotClient): Promise<PilotObjects> {
  const described = await pilot.get<readonly DescribedObject[]>("/debug/configz");
  if (described.kind !== "answered") return { kind: "failed", message: described.message };
  const sources = new Map(described.value.map((each) => [objectKey(each), each.source]));
  const client = new ObjectClient(pilot);
  const objects: ConfigObject[] = [];
  for (const names of KIND_NAMES) {
    const answer = await client.list(names, undefined);
    if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
    for (const { apiVersion, kind, metadata, spec } of answer.value) {
      const { name, namespace, labels = {}, annotations = {} } = metadata;
      const value = { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec };
      const read = readOneObject(renderYaml(value), "pilot");
      if (read.kind === "object")
        objects.push(standingAt(read.reading.object, sources.get(read.key)));
    }
  }
  return { kind: "loaded", objects };
}

/** Its fields are not where they are in the pilot's file: all of it is said to stand where the object begins. */
function standingAt(
  object: ConfigObject,
  source: ConfigObject["source"] | undefined,
): ConfigObject {
  if (source === undefined) return object;
  const { kind, namespace, name, labels, annotations, createdMs, spec, hash } = object;
  const content = { kind, namespace, name, labels, annotations, createdMs, spec, hash };
  return { ...content, source, positionOf: () => source };
}
