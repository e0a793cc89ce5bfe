// /debug/positionz: where a field of an object stands now. Proxies hold names of fields only, so that moving lines pushes nothing.
import { parseFieldPath } from "#base/field-path.ts";
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import { type ConfigObject, objectName, type SourcePosition } from "../model/object.ts";

/** More than an explanation of one request ever asks for. */
const MAX_FIELDS = 256;

/** /debug/positionz?at=VirtualService+default/reviews%23spec.http[1]&at=…: one of what was asked for, in that order. */
export interface FieldPosition {
  /** "VirtualService default/reviews" */
  readonly object: string;
  /** "spec.http[1]"; "" for the object as a whole. */
  readonly field: string;
  /** Of the field, or of the nearest field around it that is there; null: no such object. */
  readonly source: SourcePosition | null;
}

export function positionPage(
  objects: readonly ConfigObject[],
  { query }: HttpServiceRequest,
): HttpServiceResponse {
  const asked = query.getAll("at");
  if (asked.length === 0 || asked.length > MAX_FIELDS) {
    const error = `name 1 to ${MAX_FIELDS} fields as ?at=VirtualService default/reviews%23spec.http[1]&at=…`;
    return jsonResponse({ error }, 400);
  }
  const byName = new Map(objects.map((object) => [objectName(object), object]));
  return jsonResponse(asked.map((at) => positionOf(byName, at)));
}

function positionOf(byName: ReadonlyMap<string, ConfigObject>, at: string): FieldPosition {
  const hash = at.indexOf("#");
  const object = hash === -1 ? at : at.slice(0, hash);
  const field = hash === -1 ? "" : at.slice(hash + 1);
  const found = byName.get(object);
  return { object, field, source: found?.positionOf(parseFieldPath(field)) ?? null };
}
