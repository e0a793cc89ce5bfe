// Kubernetes' Status: how its API says that something did not work, in a form that its clients understand.
import { type HttpServiceResponse, jsonResponse } from "#base/http-service.ts";
import { API_GROUP, type KindNames } from "../model/kinds.ts";
import type { Problem } from "../model/object.ts";

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  /** "spec.http[0].timeout" */
  readonly field: string;
}

type Reason =
  | "BadRequest"
  | "NotFound"
  | "MethodNotAllowed"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "InternalError";

const CODES: Readonly<Record<Reason, number>> = {
  BadRequest: 400,
  NotFound: 404,
  MethodNotAllowed: 405,
  AlreadyExists: 409,
  Conflict: 409,
  Invalid: 422,
  InternalError: 500,
};

export interface StatusAbout {
  readonly names: KindNames;
  readonly name: string;
}

export function statusResponse(
  reason: Reason,
  message: string,
  about?: StatusAbout,
  causes: readonly StatusCause[] = [],
): HttpServiceResponse {
  const code = CODES[reason];
  const details =
    about === undefined
      ? {}
      : {
          details: {
            name: about.name,
            group: API_GROUP,
            kind: about.names.plural,
            ...(causes.length === 0 ? {} : { causes }),
          },
        };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
  return jsonResponse({ ...status, message, reason, ...details, code }, code);
}

const shownName = ({ names, name }: StatusAbout): string =>
  `${names.plural}.${API_GROUP} "${name}"`;

export const notFound = (about: StatusAbout): HttpServiceResponse =>
  statusResponse("NotFound", `${shownName(about)} not found`, about);

export const alreadyExists = (about: StatusAbout): HttpServiceResponse =>
  statusResponse("AlreadyExists", `${shownName(about)} already exists`, about);

export const conflict = (about: StatusAbout): HttpServiceResponse =>
  statusResponse(
    "Conflict",
    `Operation cannot be fulfilled on ${shownName(about)}: the object has been modified; please apply your changes to the latest version and try again`,
    about,
  );

/** Only errors are causes: warnings do not refuse anything. */
export function invalid(about: StatusAbout, problems: readonly Problem[]): HttpServiceResponse {
  const causes = problems
    .filter(({ severity }) => severity === "error")
    .map(({ field, message }) => ({ reason: "FieldValueInvalid", message, field }));
  const told = causes.map(({ field, message }) =>
    field === "" ? message : `${field}: ${message}`,
  );
  const list = told.length === 1 ? told[0] : `[${told.join(", ")}]`;
  const kind = `${about.names.kind}.${API_GROUP} "${about.name}"`;
  return statusResponse("Invalid", `${kind} is invalid: ${list}`, about, causes);
}

/** Kubernetes' warning headers, which kubectl shows. */
export function warningHeaders(problems: readonly Problem[]): Readonly<Record<string, string>> {
  const warnings = problems.filter(({ severity }) => severity === "warning");
  if (warnings.length === 0) return {};
  const texts = warnings.map((problem) => {
    const text = [problem.object, problem.field, problem.message].filter((part) => part).join(": ");
    return `299 - "${headerText(text)}"`;
  });
  return { warning: texts.join(", ") };
}

/** What may stand between quotes in a header. */
const headerText = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&");
