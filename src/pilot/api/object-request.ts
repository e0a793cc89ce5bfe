// The body of a write -> the text that the store gets: checked against the path it was sent to, without what only a server says.
import { parseYamlDocuments } from "#api/yaml.ts";
import { editYaml, renderYaml, type YamlChange } from "#api/yaml-edit.ts";
import type { FieldPath } from "#base/field-path.ts";
import { quoted } from "#base/log.ts";
import { API_GROUP, API_VERSIONS, type KindNames } from "../model/kinds.ts";
import type { ConfigObject } from "../model/object.ts";

export interface ObjectAddress {
  readonly names: KindNames;
  readonly version: string;
  readonly namespace: string;
  /** undefined: the body says it. */
  readonly name: string | undefined;
}

export interface SentObject {
  readonly text: string;
  readonly style: "text" | "merge";
  readonly name: string;
  /** `metadata.resourceVersion` of the body: write only while it is that. */
  readonly resourceVersion: string | undefined;
}

export type ReadBody =
  | { readonly kind: "read"; readonly sent: SentObject }
  | { readonly kind: "refused"; readonly reason: string };

/** What the server says of an object: in a body it is an echo. */
const SERVER_FIELDS = ["resourceVersion", "uid", "generation", "managedFields", "selfLink"];

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `current`: the object there now; its creation time is not the client's to change. */
export function readBody(
  body: string,
  isYaml: boolean,
  to: ObjectAddress,
  current: ConfigObject | undefined,
): ReadBody {
  const { documents, problems } = parseYamlDocuments(body, "request body");
  const [problem] = problems;
  if (problem !== undefined) {
    const { line, column } = problem.position;
    return refused(`the body cannot be read: ${line}:${column}: ${problem.message}`);
  }
  const [document] = documents;
  if (document === undefined || documents.length !== 1) {
    return refused(`the body must be one object: it has ${documents.length} documents`);
  }
  return sentObject(document.value, to, current, isYaml ? body : undefined);
}

/** `text`: the author's own; undefined when a program wrote it. */
export function sentObject(
  value: unknown,
  to: ObjectAddress,
  current: ConfigObject | undefined,
  text?: string,
): ReadBody {
  if (!isJson(value)) return refused("the body must be an object");
  const metadata = isJson(value["metadata"]) ? value["metadata"] : {};
  const reason = mismatch(value, metadata, to);
  if (reason !== undefined) return refused(reason);
  const name = typeof metadata["name"] === "string" ? metadata["name"] : to.name;
  if (name === undefined) return refused("metadata.name must be set");
  const changes = ownChanges(value, metadata, to, current);
  const { resourceVersion } = metadata;
  const sent = {
    name,
    resourceVersion:
      typeof resourceVersion === "string" && resourceVersion !== "" ? resourceVersion : undefined,
  };
  if (text !== undefined && changes.length === 0) {
    return { kind: "read", sent: { ...sent, text, style: "text" } };
  }
  const edited = editYaml(text ?? renderYaml(value), changes);
  if (edited === undefined)
    return refused("the body cannot be rewritten without what the server says");
  return {
    kind: "read",
    sent: { ...sent, text: edited, style: text === undefined ? "merge" : "text" },
  };
}

const refused = (reason: string): ReadBody => ({ kind: "refused", reason });

const wrongField = (field: string, right: string, value: unknown): string =>
  `${field} must be ${right}, as the path says: current value is ${quoted(String(value))}`;

function mismatch(value: Json, metadata: Json, to: ObjectAddress): string | undefined {
  const { apiVersion, kind } = value;
  // All versions hold the same fields, and the text is kept as it is: any of them will do.
  const [group, version = ""] = String(apiVersion).split("/");
  if (group !== API_GROUP || !API_VERSIONS.includes(version)) {
    return wrongField("apiVersion", `${API_GROUP}/${to.version}`, apiVersion);
  }
  if (kind !== to.names.kind) return wrongField("kind", to.names.kind, kind);
  const { namespace, name } = metadata;
  if (namespace !== undefined && namespace !== null && namespace !== to.namespace) {
    return `the namespace of the provided object does not match the namespace sent on the request: ${quoted(String(namespace))}, ${to.namespace}`;
  }
  if (to.name !== undefined && name !== undefined && name !== to.name) {
    return `the name of the object (${quoted(String(name))}) does not match the name on the URL (${to.name})`;
  }
  return undefined;
}

function ownChanges(
  value: Json,
  metadata: Json,
  to: ObjectAddress,
  current: ConfigObject | undefined,
): readonly YamlChange[] {
  const changes: YamlChange[] = [];
  const drop = (path: FieldPath): void => void changes.push({ path, value: undefined });
  if (value["status"] !== undefined) drop(["status"]);
  for (const field of SERVER_FIELDS) {
    if (metadata[field] !== undefined) drop(["metadata", field]);
  }
  // What the file does not say itself was our word for "since when it is known".
  const isEcho = current !== undefined && current.createdMs === 0;
  if (
    metadata["creationTimestamp"] !== undefined &&
    (isEcho || metadata["creationTimestamp"] === null)
  ) {
    drop(["metadata", "creationTimestamp"]);
  }
  if (metadata["name"] === undefined && to.name !== undefined) {
    changes.push({ path: ["metadata", "name"], value: to.name });
  }
  if ((metadata["namespace"] ?? undefined) === undefined && to.namespace !== "default") {
    changes.push({ path: ["metadata", "namespace"], value: to.namespace });
  }
  return changes;
}

/** A merge goes as deep as what is merged: who sends brackets without end must not end the stack. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeperThan(each, levels - 1));
}

/** RFC 7386: objects are merged field by field, null takes a field away, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const merged: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}
