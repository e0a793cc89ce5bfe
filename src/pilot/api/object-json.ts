// Configuration objects as Kubernetes' API writes them: metadata that the server keeps, and the spec as the message says it.
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { versionOf } from "../config/object-document.ts";
import { SPEC_SCHEMAS } from "../config/read-document.ts";
import { API_GROUP } from "../model/kinds.ts";
import type { ConfigObject } from "../model/object.ts";
import type { ObjectRecord } from "./object-records.ts";

/** What GET answers. A stable shape: Kubernetes'. */
export interface ObjectJson {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    /** Opaque; a write that names it happens only while it is the newest. */
    readonly resourceVersion?: string;
    readonly generation?: number;
    /** RFC 3339 */
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
  readonly status?: unknown;
}

/** The object without anything that a server adds: what two of them are compared by. */
export function plainObjectJson(object: ConfigObject, version = "v1"): ObjectJson {
  const { kind, name, namespace, labels, annotations } = object;
  return {
    apiVersion: `${API_GROUP}/${version}`,
    kind,
    metadata: {
      name,
      namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: specJson(object),
  };
}

export function objectJson(
  object: ConfigObject,
  record: ObjectRecord,
  version: string,
): ObjectJson {
  const { metadata, ...rest } = plainObjectJson(object, version);
  const { labels, annotations, ...names } = metadata;
  return {
    apiVersion: rest.apiVersion,
    kind: rest.kind,
    metadata: {
      ...names,
      uid: record.uid,
      resourceVersion: versionOf(object),
      generation: record.generation,
      creationTimestamp: secondsOf(record.createdMs),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: rest.spec,
  };
}

/** Fields that are unset, and values that mean unset, are left out: durations and enums have one spelling. */
function specJson({ kind, spec }: ConfigObject): unknown {
  return toJson(SPEC_SCHEMAS[kind], spec as MessageShape<DescMessage>);
}

/** "2026-01-02T03:04:05Z": Kubernetes' times have no fractions. */
function secondsOf(ms: number): string {
  return toJson(TimestampSchema, timestampFromMs(Math.floor(ms / 1000) * 1000));
}
