// One configuration object, validated, with where it came from. Everything in the pilot is made of these.
import type { DestinationRule } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Gateway } from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import type { ServiceEntry } from "#api/istio/networking/v1alpha3/service_entry_pb.ts";
import type { Sidecar } from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import type { VirtualService } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { WorkloadEntry } from "#api/istio/networking/v1alpha3/workload_entry_pb.ts";
import type { WorkloadGroup } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { type FieldPath, formatFieldPath } from "#base/field-path.ts";

/** Kind -> the message of its spec. */
export interface Specs {
  readonly DestinationRule: DestinationRule;
  readonly Gateway: Gateway;
  readonly ServiceEntry: ServiceEntry;
  readonly Sidecar: Sidecar;
  readonly VirtualService: VirtualService;
  readonly WorkloadEntry: WorkloadEntry;
  readonly WorkloadGroup: WorkloadGroup;
}

export const KINDS: readonly (keyof Specs)[] = [
  "DestinationRule",
  "Gateway",
  "ServiceEntry",
  "Sidecar",
  "VirtualService",
  "WorkloadEntry",
  "WorkloadGroup",
];
export type Kind = keyof Specs;

/** Where a document, or a field in it, stands: lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ConfigObject<K extends Kind = Kind> {
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Order of creation: `metadata.creationTimestamp` in ms if it has one, else 0. Ties: file path, then place in it. */
  readonly createdMs: number;
  readonly spec: Specs[K];
  /** Where the object stands now: follows its file, so it may change while the object is the same. */
  readonly source: SourcePosition;
  /** Position of a field of the document (`["spec", "http", 0]`), or of the nearest parent that stands in it. */
  positionOf(path: FieldPath): SourcePosition;
  /** Hash of everything but the source position: equal hashes mean equal objects. */
  readonly hash: string;
  /** Other objects that the spec was put together from: the delegates of a VirtualService. */
  readonly mergedFrom?: readonly ObjectKey[];
  /** Who wrote a field of such a spec, and where in that object; absent: this object, just there. */
  writtenAt?(path: FieldPath): WrittenField;
}

export interface WrittenField {
  readonly object: ConfigObject;
  readonly path: FieldPath;
}

/** What `withSpec` may replace besides the spec. */
export interface SpecChange<K extends Kind> {
  readonly spec: Specs[K];
  readonly mergedFrom?: readonly ObjectKey[];
  readonly positionOf?: (path: FieldPath) => SourcePosition;
  readonly writtenAt?: (path: FieldPath) => WrittenField;
}

/** `object` with another spec, standing where it stands, also when its file is edited and it moves. */
export function withSpec<K extends Kind>(
  object: ConfigObject<K>,
  change: SpecChange<K>,
): ConfigObject<K> {
  const { kind, namespace, name, labels, annotations, createdMs, hash } = object;
  return {
    ...{ kind, namespace, name, labels, annotations, createdMs, hash },
    get source() {
      return object.source;
    },
    positionOf: (path) => object.positionOf(path),
    ...change,
  };
}

/** `VirtualService default/reviews`: how people and messages name an object. */
export function objectName(object: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${object.kind} ${object.namespace}/${object.name}`;
}

/** `VirtualService/default/reviews`: how maps and dependency sets name an object. */
export type ObjectKey = string;

export function objectKey(object: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): ObjectKey {
  return `${object.kind}/${object.namespace}/${object.name}`;
}

/** What is wrong with a document; one line for people, made by `formatProblem`. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly source: SourcePosition;
  /** "VirtualService default/reviews", or what is known of it. */
  readonly object: string | undefined;
  /** "spec.http[0].timeout"; empty for the document as a whole. */
  readonly field: string;
  /** What is wrong, with the value quoted, and what would be right. */
  readonly message: string;
  /** The check that found it, where it has a name: "undefined-subset". */
  readonly rule?: string;
}

/** A warning about a field of `object`, which stands where the field stands when it is read, also after edits above it. */
export function warningAt(
  object: ConfigObject,
  path: FieldPath,
  message: string,
  rule?: string,
): Problem {
  return {
    severity: "warning",
    ...(rule === undefined ? {} : { rule }),
    get source() {
      return object.positionOf(path);
    },
    object: objectName(object),
    field: formatFieldPath(path),
    message,
  };
}

/** `file:line:column: Kind ns/name: field: what is wrong (value), what would be right`. */
export function formatProblem(problem: Problem): string {
  const { line, column } = problem.source;
  // A file may have any name; a line of a log may not.
  const file = problem.source.file.replace(/\p{Cc}/gu, "?");
  return [`${file}:${line}:${column}`, problem.object, problem.field, problem.message]
    .filter((part) => part !== undefined && part !== "")
    .join(": ");
}
