// The text of one YAML document -> objects, each valid or with what is wrong with it. Knows nothing of other documents.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { DestinationRuleSchema } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { GatewaySchema } from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import { ServiceEntrySchema } from "#api/istio/networking/v1alpha3/service_entry_pb.ts";
import { SidecarSchema } from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import { VirtualServiceSchema } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { WorkloadEntrySchema } from "#api/istio/networking/v1alpha3/workload_entry_pb.ts";
import { WorkloadGroupSchema } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { parseYamlDocuments, type YamlDocument } from "#api/yaml.ts";
import { type FieldPath, formatFieldPath } from "#base/field-path.ts";
import { contentVersion } from "#xds/content-version.ts";
import {
  type Kind,
  type ObjectKey,
  objectKey,
  objectName,
  type Problem,
  type Specs,
} from "../model/object.ts";
import type { DocumentText, TextPosition } from "./document-text.ts";
import { type Envelope, isObject, readEnvelope } from "./envelope.ts";
import { MAX_LIST_ITEMS, MAX_PROBLEMS_PER_DOCUMENT } from "./limits.ts";
import { type ObjectPlace, PlacedObject } from "./placed-object.ts";
import type { FieldProblem } from "./validate/field-problem.ts";
import { schemaProblems, withoutNulls } from "./validate/schema-check.ts";
import { semanticProblems } from "./validate/semantics.ts";

/** A problem whose position is found when it is asked for: its document may move in the meantime. */
export type LazyProblem = () => Problem;

export interface ObjectReading {
  readonly kind: "object";
  readonly object: PlacedObject;
  /** Where this reading stands; the object itself follows whichever reading is in force. */
  readonly place: ObjectPlace;
  readonly problems: readonly LazyProblem[];
}

export interface WrongReading {
  readonly kind: "wrong";
  /** undefined when it cannot be said which object it would be. */
  readonly key: ObjectKey | undefined;
  readonly place: ObjectPlace;
  readonly problems: readonly LazyProblem[];
}

export type Reading =
  | ObjectReading
  | WrongReading
  /** Not one of ours: a kind that is not served. */
  | { readonly kind: "ignored"; readonly problems: readonly LazyProblem[] };

const UTF8 = new TextEncoder();

type SpecSchemas = { readonly [K in Kind]: DescMessage };

/** Kind -> the message of its spec, as data. */
export const SPEC_SCHEMAS: SpecSchemas = {
  DestinationRule: DestinationRuleSchema,
  Gateway: GatewaySchema,
  ServiceEntry: ServiceEntrySchema,
  Sidecar: SidecarSchema,
  VirtualService: VirtualServiceSchema,
  WorkloadEntry: WorkloadEntrySchema,
  WorkloadGroup: WorkloadGroupSchema,
};

/** Never throws, whatever the text. Usually one reading; a List gives one for each item, an empty text none. */
export function readDocument(document: DocumentText): Reading[] {
  const file = parseYamlDocuments(document.text, "");
  const readings: Reading[] = file.problems.map(({ position, message }) => {
    const place: ObjectPlace = { document, index: 0, start: position, at: [] };
    const problem = (): Problem => ({
      severity: "error",
      source: document.locate(position),
      object: undefined,
      field: "",
      message: `Cannot read the YAML: ${message}`,
    });
    return { kind: "wrong", key: undefined, place, problems: [problem] };
  });
  file.documents.forEach((parsed, index) => {
    readings.push(...readValue(document, parsed, index));
  });
  return readings;
}

function readValue(document: DocumentText, parsed: YamlDocument, index: number): Reading[] {
  const { value } = parsed;
  if (!isObject(value) || value["kind"] !== "List" || value["apiVersion"] !== "v1") {
    return [readObject(value, { document, index, start: parsed.position, at: [] })];
  }
  const items = Array.isArray(value["items"]) ? value["items"] : [];
  const readings = items.slice(0, MAX_LIST_ITEMS).map((item, i) => {
    const at = ["items", i];
    return readObject(item, { document, index, start: parsed.positionOf(at), at });
  });
  if (items.length > MAX_LIST_ITEMS) {
    const place: ObjectPlace = { document, index, start: parsed.position, at: [] };
    const message = `has ${items.length} items: at most ${MAX_LIST_ITEMS} are read, split the list`;
    readings.push(wrong(undefined, "List", place, [{ path: ["items"], message }]));
  }
  return readings;
}

function readObject(value: unknown, place: ObjectPlace): Reading {
  const outcome = readEnvelope(value);
  if (outcome.kind === "other") {
    const isRefused = outcome.problems.some(isError);
    if (isRefused) return wrong(undefined, outcome.name, place, outcome.problems);
    return { kind: "ignored", problems: lazily(outcome.problems, outcome.name, place) };
  }
  const { envelope, problems } = outcome;
  const spec = withoutNulls((isObject(value) ? value["spec"] : undefined) ?? {});
  const checked = checkSpec(envelope, spec);
  const all = [...problems, ...checked.problems];
  const name = objectName(envelope);
  if (checked.spec === undefined || all.some(isError)) {
    return wrong(objectKey(envelope), name, place, all);
  }
  const hash = contentVersion(UTF8.encode(JSON.stringify([envelope, spec])));
  const object = new PlacedObject({ ...envelope, spec: checked.spec, hash }, place);
  return { kind: "object", object, place, problems: lazily(all, name, place) };
}

interface CheckedSpec {
  readonly spec: Specs[Kind] | undefined;
  readonly problems: readonly FieldProblem[];
}

/** Three sieves, each for what the one before lets through: the schema, the message's own rules, what the fields mean together. */
function checkSpec({ kind, namespace }: Envelope, spec: unknown): CheckedSpec {
  const { structure, rules } = schemaProblems(kind, spec, ["spec"]);
  if (structure.length > 0) return { spec: undefined, problems: [...structure, ...rules] };
  const read = messageFromJson(SPEC_SCHEMAS[kind], spec, { at: ["spec"] });
  if (read.kind === "rejected") {
    return { spec: undefined, problems: [...rules, ...without(read.problems, rules)] };
  }
  // The table above pairs each kind with the schema of its spec.
  const message = read.value as MessageShape<DescMessage> as Specs[Kind];
  const found = semanticProblems(kind, namespace, message, spec);
  // A schema's rule may stand on an object where our own names the field in it: one of the two is enough, the narrower.
  const wide = rules.filter(({ path }) => {
    return !found.some((other) => isError(other) && isBelow(other.path, path));
  });
  return { spec: message, problems: [...wide, ...without(found, wide)] };
}

function isBelow(inner: FieldPath, outer: FieldPath): boolean {
  return inner.length > outer.length && outer.every((step, i) => inner[i] === step);
}

/** `problems` but those of fields that `others` speak of already. */
function without(
  problems: readonly FieldProblem[],
  others: readonly FieldProblem[],
): FieldProblem[] {
  const told = new Set(others.map(({ path }) => formatFieldPath(path)));
  return problems.filter(({ path }) => told.size === 0 || !told.has(formatFieldPath(path)));
}

function isError(problem: FieldProblem): boolean {
  return problem.severity !== "warning";
}

function wrong(
  key: ObjectKey | undefined,
  name: string | undefined,
  place: ObjectPlace,
  problems: readonly FieldProblem[],
): WrongReading {
  return { kind: "wrong", key, place, problems: lazily(problems, name, place) };
}

function lazily(
  problems: readonly FieldProblem[],
  object: string | undefined,
  place: ObjectPlace,
): LazyProblem[] {
  return problems
    .slice(0, MAX_PROBLEMS_PER_DOCUMENT)
    .map(({ path, message, severity = "error", rule }) => {
      let found: TextPosition | undefined;
      return () => {
        found ??= place.document.find(place.index, [...place.at, ...path]);
        const source = place.document.locate(found);
        const problem = { severity, source, object, field: formatFieldPath(path), message };
        return rule === undefined ? problem : { ...problem, rule };
      };
    });
}
