// What every Kubernetes object has: apiVersion, kind, metadata. Decides whether a document is one of ours.
import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import { KINDS, type Kind } from "../model/object.ts";
import { type FieldProblem, must, shown, warn } from "./validate/field-problem.ts";
import { unknownField } from "./validate/schema-check.ts";

const GROUP = "networking.istio.io";
const VERSIONS = ["v1", "v1beta1", "v1alpha3"];
const DEFAULT_NAMESPACE = "default";

/** Kubernetes' name rules: DNS-1123 subdomain, and label for namespaces. */
const NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const MAX_NAME_LENGTH = 253;

export interface Envelope {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

export type EnvelopeOutcome =
  /** `problems` that stop the object are errors; the names in `envelope` hold all the same. */
  | { readonly kind: "ours"; readonly envelope: Envelope; readonly problems: FieldProblem[] }
  /** Not an object of a kind that is served, or one without a name. */
  | {
      readonly kind: "other";
      readonly name: string | undefined;
      readonly problems: FieldProblem[];
    };

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readEnvelope(document: unknown): EnvelopeOutcome {
  if (!isObject(document)) {
    return other(undefined, [
      must([], "be an object with apiVersion, kind, metadata and spec", document),
    ]);
  }
  const metadata = isObject(document["metadata"]) ? document["metadata"] : {};
  const shownName = objectLabel(document["kind"], metadata);
  const kind = readKind(document);
  if (typeof kind !== "string") return other(shownName, [kind]);
  const problems: FieldProblem[] = [];
  for (const name of Object.keys(document)) {
    const known = ["apiVersion", "kind", "metadata", "spec", "status"];
    if (!known.includes(name)) problems.push({ path: [name], message: unknownField(name, known) });
  }
  const { name, namespace = DEFAULT_NAMESPACE } = metadata;
  if (typeof name !== "string" || !NAME.test(name) || name.length > MAX_NAME_LENGTH) {
    const wanted = "be a name of lower-case letters, digits, '-' and '.'";
    const path = ["metadata", "name"];
    problems.push(name === undefined ? { path, message: "must be set" } : must(path, wanted, name));
    return other(shownName, problems);
  }
  if (typeof namespace !== "string" || !NAMESPACE.test(namespace)) {
    const wanted = "be a name of lower-case letters, digits and '-', at most 63";
    return other(shownName, [...problems, must(["metadata", "namespace"], wanted, namespace)]);
  }
  const envelope: Envelope = {
    kind,
    namespace,
    name,
    labels: textMap(metadata, "labels", problems),
    annotations: textMap(metadata, "annotations", problems),
    createdMs: readCreation(metadata["creationTimestamp"], problems),
  };
  return { kind: "ours", envelope, problems };
}

function other(name: string | undefined, problems: FieldProblem[]): EnvelopeOutcome {
  return { kind: "other", name, problems };
}

/** "VirtualService default/reviews" as far as the document says it. */
function objectLabel(kind: unknown, metadata: Json): string | undefined {
  if (typeof kind !== "string") return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== "string") return quotedUnlessPlain(kind);
  const inNamespace = typeof namespace === "string" ? namespace : DEFAULT_NAMESPACE;
  return quotedUnlessPlain(`${kind} ${inNamespace}/${name}`);
}

function quotedUnlessPlain(text: string): string {
  return /^[\w./ -]{1,300}$/.test(text) ? text : quoted(text);
}

/** The kind, or why the document is not served. */
function readKind(document: Json): Kind | FieldProblem {
  const { apiVersion, kind } = document;
  for (const [name, value] of Object.entries({ apiVersion, kind })) {
    if (typeof value === "string") continue;
    const wanted = `be a text: ${name === "kind" ? KINDS.join(", ") : `${GROUP}/${VERSIONS[0]}`}`;
    return value === undefined
      ? { path: [name], message: "must be set: is this an object of Istio's API?" }
      : must([name], wanted, value);
  }
  if (typeof kind !== "string" || typeof apiVersion !== "string")
    return must([], "be an object", document);
  const known = KINDS.find((name) => name === kind);
  const [group = "", version = ""] = apiVersion.split("/");
  if (known !== undefined && group === GROUP) {
    if (VERSIONS.includes(version)) return known;
    return must(["apiVersion"], `be ${GROUP}/ with ${VERSIONS.join(", ")}`, apiVersion);
  }
  return warn(
    ["kind"],
    `${shown(kind)} of ${shown(apiVersion)} is not served and left out${hint(group, kind)}`,
  );
}

function hint(group: string, kind: string): string {
  const nearGroup = nearest(group, [GROUP]);
  const nearKind = group === GROUP || nearGroup !== undefined ? nearest(kind, KINDS) : undefined;
  if (nearKind === undefined) return `; served are ${KINDS.join(", ")}`;
  return `: did you mean ${nearKind} of ${GROUP}/${VERSIONS[0]}?`;
}

function textMap(metadata: Json, field: string, problems: FieldProblem[]): Record<string, string> {
  const value = metadata[field];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    problems.push(must(["metadata", field], "be an object of texts", value));
    return {};
  }
  const texts: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === "string") texts[name] = text;
    else problems.push(must(["metadata", field, name], "be a text (quote it)", text));
  }
  return texts;
}

function readCreation(value: unknown, problems: FieldProblem[]): number {
  if (value === undefined || value === null) return 0;
  try {
    if (typeof value === "string") return timestampMs(fromJson(TimestampSchema, value));
  } catch {
    // Told below, in our words.
  }
  const path = ["metadata", "creationTimestamp"];
  problems.push(must(path, "be a time such as 2026-01-02T03:04:05Z", value));
  return 0;
}
