// /apis/networking.istio.io: configuration objects in Kubernetes' REST form, so that its clients work as they are.
// Not there: watch, server-side apply, strategic merge patches, tables, pages of lists (a list always comes whole).
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import { versionOf } from "../config/object-document.ts";
import type { ConfigStore, PutOutcome, RemoveOutcome, WriteRefusal } from "../config/store.ts";
import { API_GROUP, API_VERSIONS, KIND_NAMES } from "../model/kinds.ts";
import { type ConfigObject, objectKey } from "../model/object.ts";
import type { Liveness } from "../push/liveness.ts";
import { contentTypeOf } from "./guard.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { objectJson, plainObjectJson } from "./object-json.ts";
import type { ObjectRecords } from "./object-records.ts";
import {
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
  type StatusAbout,
  statusResponse,
  warningHeaders,
} from "./status.ts";

export interface ObjectApiState {
  readonly store: ConfigStore;
  readonly records: ObjectRecords;
  readonly liveness: (object: ConfigObject) => Liveness | undefined;
}

const PATH = new RegExp(
  `^/apis/${API_GROUP}/(${API_VERSIONS.join("|")})(?:/namespaces/([^/]{1,63}))?/([a-z]{1,40})(?:/([^/]{1,253}))?$`,
);

type Answer = HttpServiceResponse | Promise<HttpServiceResponse>;

/** undefined: the path is another page's. */
export function objectApi(state: ObjectApiState, request: HttpServiceRequest): Answer | undefined {
  const [, version, namespace, plural, name] = PATH.exec(request.path) ?? [];
  if (version === undefined || plural === undefined) return undefined;
  const names = KIND_NAMES.find((known) => known.plural === plural);
  if (names === undefined || (namespace === undefined && name !== undefined)) {
    return statusResponse("NotFound", "the server could not find the requested resource");
  }
  const unknown = wrongQuery(request.query);
  if (unknown !== undefined) return statusResponse("BadRequest", unknown);
  const to: ObjectAddress = { names, version, namespace: namespace ?? "", name };
  const act = (name === undefined ? COLLECTION : OBJECT)[request.method];
  // Making one anew needs a namespace.
  if (act === undefined || (namespace === undefined && request.method === "POST")) {
    return statusResponse(
      "MethodNotAllowed",
      "the server does not allow this method on the requested resource",
    );
  }
  return act(state, to, request);
}

type Act = (state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest) => Answer;

const COLLECTION: Readonly<Record<string, Act>> = { GET: list, HEAD: list, POST: create };

const OBJECT: Readonly<Record<string, Act>> = {
  GET: read,
  HEAD: read,
  PUT: (state, to, request) => write(state, to, request, bodyOf(state, to, request)),
  PATCH: patch,
  DELETE: remove,
};

function wrongQuery(query: URLSearchParams): string | undefined {
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) return "dryRun: must be All";
  const validation = query.get("fieldValidation") ?? "Strict";
  // Whatever is asked for, unknown fields are errors: a field that nobody reads helps nobody.
  if (!["Strict", "Warn", "Ignore"].includes(validation)) {
    return "fieldValidation: must be Strict, Warn or Ignore";
  }
  const watch = query.get("watch");
  if (watch !== null && watch !== "false" && watch !== "0") {
    return "watch is not supported: list again, or ask /debug/livez";
  }
  return undefined;
}

function list(
  { store, records }: ObjectApiState,
  to: ObjectAddress,
  { query }: HttpServiceRequest,
): Answer {
  const selector = parseLabelSelector(query.get("labelSelector") ?? "");
  if (selector.kind === "failed") {
    return statusResponse("BadRequest", `labelSelector: ${selector.reason}`);
  }
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  if (fields === undefined) {
    return statusResponse(
      "BadRequest",
      "fieldSelector: only metadata.name=NAME and metadata.namespace=NAMESPACE are known",
    );
  }
  const items = store
    .list()
    .filter(
      ({ kind, namespace }) =>
        kind === to.names.kind && (to.namespace === "" || namespace === to.namespace),
    )
    .filter((object) => selector.matches(object.labels) && fields(object))
    .map((object) => objectJson(object, records.of(object), to.version));
  return jsonResponse({
    apiVersion: `${API_GROUP}/${to.version}`,
    kind: `${to.names.kind}List`,
    metadata: { resourceVersion: records.version },
    items,
  });
}

/** What kubectl selects single objects with. */
function parseFieldSelector(text: string): ((object: ConfigObject) => boolean) | undefined {
  const wanted: (readonly [field: "name" | "namespace", value: string])[] = [];
  for (const part of text.split(",").filter((each) => each !== "")) {
    const [, field, value = ""] = /^metadata\.(name|namespace)==?([\w.-]*)$/.exec(part) ?? [];
    if (field !== "name" && field !== "namespace") return undefined;
    wanted.push([field, value]);
  }
  return (object) => wanted.every(([field, value]) => object[field] === value);
}

function find(
  { store }: ObjectApiState,
  to: ObjectAddress,
  name = to.name ?? "",
): ConfigObject | undefined {
  const key = objectKey({ kind: to.names.kind, namespace: to.namespace, name });
  return store.list().find((object) => objectKey(object) === key);
}

const aboutOf = ({ names, name = "" }: ObjectAddress): StatusAbout => ({ names, name });

function read(state: ObjectApiState, to: ObjectAddress): Answer {
  const object = find(state, to);
  if (object === undefined) return notFound(aboutOf(to));
  const json = objectJson(object, state.records.of(object), to.version);
  const liveness = state.liveness(object);
  if (liveness === undefined) return jsonResponse(json);
  return jsonResponse({ ...json, status: { conditions: [liveCondition(liveness)] } });
}

/** As Istio's own conditions are written. */
function liveCondition({ state, live, total, proxies }: Liveness): object {
  const refusal = proxies.find(({ words }) => words !== undefined);
  const words =
    refusal === undefined ? "" : `; ${refusal.name}.${refusal.namespace} refused: ${refusal.words}`;
  const reasons = { live: "Live", behind: "Behind", rejected: "Rejected" } as const;
  return {
    type: "Live",
    status: state === "live" ? "True" : "False",
    reason: reasons[state],
    message: `live on ${live} of ${total} proxies${words}`,
  };
}

function bodyOf(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): ReadBody {
  const isYaml = contentTypeOf(request).endsWith("yaml");
  return readBody(request.body, isYaml, to, find(state, to));
}

function create(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): Answer {
  return write(state, to, request, bodyOf(state, to, request), "absent");
}

function patch(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): Answer {
  const object = find(state, to);
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
  const before = find(state, to, name);
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

async function remove(
  state: ObjectApiState,
  to: ObjectAddress,
  { query, body }: HttpServiceRequest,
): Promise<HttpServiceResponse> {
  const version = preconditionOf(body);
  const current = find(state, to);
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
