// /apis/networking.istio.io: configuration objects in Kubernetes' REST form, so that its clients work as they are.
// Not there: watch, server-side apply, strategic merge patches, pages of lists (a list always comes whole).
import { type HttpServiceRequest, jsonResponse } from "#base/http-service.ts";
import { API_GROUP, API_VERSIONS, KIND_NAMES } from "../model/kinds.ts";
import type { ConfigObject } from "../model/object.ts";
import type { Liveness } from "../push/liveness.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { type Answer, aboutOf, findObject, type ObjectApiState } from "./object-api-state.ts";
import { objectJson } from "./object-json.ts";
import type { ObjectAddress } from "./object-request.ts";
import { tableResponse, wantsTable } from "./object-table.ts";
import { create, patch, remove, replace } from "./object-writes.ts";
import { notFound, statusResponse } from "./status.ts";

const PATH = new RegExp(
  `^/apis/${API_GROUP}/(${API_VERSIONS.join("|")})(?:/namespaces/([^/]{1,63}))?/([a-z]{1,40})(?:/([^/]{1,253}))?$`,
);

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
  PUT: replace,
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

function list(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): Answer {
  const { store, records } = state;
  const { query } = request;
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
  const found = store
    .list()
    .filter(
      ({ kind, namespace }) =>
        kind === to.names.kind && (to.namespace === "" || namespace === to.namespace),
    )
    .filter((object) => selector.matches(object.labels) && fields(object));
  if (wantsTable(request)) return tableOf(state, to, found);
  const items = found.map((object) => objectJson(object, records.of(object), to.version));
  return jsonResponse({
    apiVersion: `${API_GROUP}/${to.version}`,
    kind: `${to.names.kind}List`,
    metadata: { resourceVersion: records.version },
    items,
  });
}

function tableOf(
  { records, clock }: ObjectApiState,
  { names, version }: ObjectAddress,
  objects: readonly ConfigObject[],
): Answer {
  const rows = objects.map((object) => {
    const record = records.of(object);
    return { record, json: objectJson(object, record, version) };
  });
  return tableResponse(names, rows, clock.wallMs(), records.version);
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

function read(state: ObjectApiState, to: ObjectAddress, request: HttpServiceRequest): Answer {
  const object = findObject(state, to);
  if (object === undefined) return notFound(aboutOf(to));
  if (wantsTable(request)) return tableOf(state, to, [object]);
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
