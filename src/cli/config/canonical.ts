// Objects as text that two of them can be compared by: what a server adds is left out, fields are in the order of their names.
import { renderYaml } from "#api/yaml-edit.ts";
import { sortFields } from "#base/sort-fields.ts";
import { type ObjectJson, plainObjectJson } from "#pilot/api/object-json.ts";
import type { ConfigObject } from "#pilot/model/object.ts";

/** Of an answer of the API. */
export function canonicalYaml({ apiVersion, kind, metadata, spec }: ObjectJson): string {
  const { name, namespace, labels, annotations } = metadata;
  return renderYaml(
    sortFields({
      apiVersion,
      kind,
      metadata: without({ name, namespace, labels, annotations }),
      spec,
    }),
  );
}

/** Of an object of a file. */
export const canonicalYamlOf = (object: ConfigObject): string =>
  canonicalYaml(plainObjectJson(object));

function without(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
