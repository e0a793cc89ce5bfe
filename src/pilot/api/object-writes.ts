// The writing half of the API: bodies become texts for the store, its outcomes become answers.
import { MAX_YAML_DEPTH } from "#api/yaml.ts";
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import { versionOf } from "../config/object-document.ts";
import type { PutOutcome, RemoveOutcome, WriteRefusal } from "../config/store.ts";
import { API_GROUP } from "../model/kinds.ts";
import { objectKey } from "../model/object.ts";
import { contentTypeOf } from "./guard.ts";
import { type Answer, aboutOf, findObject, type ObjectApiState } from "./object-api-state.ts";
import { objectJson, plainObjectJson } from "./object-json.ts";
import {
  isDeeperThan,
  mergePatch,
  type ObjectAddress,
  type ReadBody,
  readBody,
  sentObject,
} from "./object-request.ts";
import {
  alreadyExists,
  conflict,
  invalid,
  notFound,
  statusResponse,
  warningHeaders,
} from "./status.ts";

function bodyOf(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): ReadBody {
  const isYaml = contentTypeOf(request).endsWith("yaml");
  return readBody(request.body, isYaml, to, findObject(state, to));
}

export function replace(
  state: ObjectApiState,
  to: ObjectAddress,
  request: HttpServiceRequest,
): Answer {
  return write(state, to, request, bodyOf(state, to, request));
}

export function create(
  state: ObjectApiState,
  to: ObjectAddress,
  request: HttpServiceRequest,
): Answer {
  return write(state, to, request, bodyOf(state, to, request), "absent");
}

export function patch(
  state: ObjectApiState,
  to: ObjectAddress,
  request: HttpServiceRequest,
): Answer {
  const object = findObject(state, to);
  if (object === undefined) return notFound(aboutOf(to));
  if (contentTypeOf(request) !== "application/merge-patch+json") {
    return statusResponse("BadRequest", "only application/merge-patch+json is understood here");
  }
  let changes: unknown;
  try {
    changes = JSON.parse(request.body);
  } catch {
    return statusResponse("BadRequest", "the body must be JSON");
  }
  if (isDeeperThan(changes, MAX_YAML_DEPTH)) {
    const message = `the body is nested too deeply: at most ${MAX_YAML_DEPTH} levels are read`;
    return statusResponse("BadRequest", message);
  }
  // Two patches at once must not undo each other: each is about the version that it was put together from.
  const plain = plainObjectJson(object, to.version);
  const seen = { ...plain, metadata: { ...plain.metadata, resourceVersion: versionOf(object) } };
  const merged = mergePatch(seen, changes);
  return write(state, to, request, sentObject(merged, to, object));
}

async function write(
  state: ObjectApiState,
  to: ObjectAddress,
  { query, headers }: HttpServiceRequest,
  body: ReadBody,
  mustBe: "absent" | "present" = "present",
): Promise<HttpServiceResponse> {
  if (body.kind === "refused") return statusResponse("BadRequest", body.reason);
  const { text, style, name, resourceVersion } = body.sent;
  // A YAML body is kept as it is written, so who writes one says in a header which version it is about.
  const seen = headers["if-match"]?.replace(/^"|"$/g, "") ?? resourceVersion;
  const wanted = mustBe === "present" ? seen : undefined;
  const isDryRun = query.has("dryRun");
  const before = findObject(state, to, name);
  const outcome = await state.store.put({
    text,
    file: "request body",
    style,
    condition: { mustBe, ...(wanted === undefined ? {} : { version: wanted }) },
    isDryRun,
  });
  // A version that is written nowhere is nobody's: the answer of a dry run keeps the one that is there.
  const version = isDryRun && before !== undefined ? versionOf(before) : undefined;
  return answerPut(state, { ...to, name }, outcome, version);
}

function answerPut(
  state: ObjectApiState,
  to: ObjectAddress,
  outcome: PutOutcome,
  version?: string,
): HttpServiceResponse {
  switch (outcome.kind) {
    case "created":
    case "configured":
    case "unchanged": {
      const made = objectJson(outcome.object, state.records.of(outcome.object), to.version);
      const metadata = version === undefined ? {} : { resourceVersion: version };
      const json = { ...made, metadata: { ...made.metadata, ...metadata } };
      const status = outcome.kind === "created" ? 201 : 200;
      return { ...jsonResponse(json, status), headers: warningHeaders(outcome.warnings) };
    }
    case "invalid":
      return invalid(aboutOf(to), outcome.problems);
    default:
      return answerRefusal(to, outcome);
  }
}

function answerRefusal(to: ObjectAddress, refusal: WriteRefusal): HttpServiceResponse {
  switch (refusal.kind) {
    case "exists":
      return alreadyExists(aboutOf(to));
    case "missing":
      return notFound(aboutOf(to));
    case "conflict":
      return conflict(aboutOf(to));
    case "failed":
      return statusResponse("InternalError", refusal.reason, aboutOf(to));
  }
}

export async function remove(
  state: ObjectApiState,
  to: ObjectAddress,
  { query, body }: HttpServiceRequest,
): Promise<HttpServiceResponse> {
  const version = preconditionOf(body);
  const current = findObject(state, to);
  const uid = current === undefined ? undefined : state.records.of(current).uid; // forgotten with the object
  const key = objectKey({ kind: to.names.kind, namespace: to.namespace, name: to.name ?? "" });
  const condition = version === undefined ? {} : { version };
  const outcome: RemoveOutcome = await state.store.remove(key, condition, query.has("dryRun"));
  if (outcome.kind !== "removed") return answerRefusal(to, outcome);
  const details = { name: to.name, group: API_GROUP, kind: to.names.plural, uid };
  return jsonResponse({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details,
  });
}

/** Of DeleteOptions. */
function preconditionOf(body: string): string | undefined {
  try {
    const options = JSON.parse(body) as { preconditions?: { resourceVersion?: unknown } } | null;
    const version = options?.preconditions?.resourceVersion;
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
