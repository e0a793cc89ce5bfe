// Operators of gRPC's status, read from the trailers or headers of a response to a gRPC request.
import { headerName } from "#codec/header-name.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { numberField, textField } from "../field.ts";
import { type Operator, type Operators, plain } from "../operator.ts";

/** google.rpc.Code by number, as Envoy spells it in camel case. */
const NAMES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

const CONTENT_TYPE = headerName("content-type");
const GRPC_STATUS_HEADER = headerName("grpc-status");

function grpcStatus(info: StreamInfo): number | undefined {
  const contentType = info.requestHead?.value(CONTENT_TYPE);
  if (contentType === undefined || !/^application\/grpc(?:[;+]|$)/.test(contentType)) {
    return undefined;
  }
  const text =
    info.responseTrailers?.value(GRPC_STATUS_HEADER) ??
    info.responseHead?.value(GRPC_STATUS_HEADER);
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  return info.responseCode === 0 ? undefined : (FROM_HTTP[info.responseCode] ?? UNKNOWN);
}

const UNKNOWN = 2;
/** What an HTTP status without grpc-status means (gRPC's http-grpc-status-mapping.md). */
const FROM_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

function camelCase(status: number | undefined): string | undefined {
  return status === undefined ? undefined : (NAMES[status] ?? String(status));
}

function snakeCase(status: number | undefined): string | undefined {
  return camelCase(status)
    ?.replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase();
}

const GRPC_STATUS: Operator = {
  parameter: "optional",
  takesLength: false,
  meaning: "gRPC status: CAMEL_STRING (default), SNAKE_STRING or NUMBER",
  create({ parameter }) {
    switch (parameter) {
      case "":
      case "CAMEL_STRING":
        return textField((info) => camelCase(grpcStatus(info)));
      case "SNAKE_STRING":
        return textField((info) => snakeCase(grpcStatus(info)));
      case "NUMBER":
        return numberField(grpcStatus);
      default:
        return `Unknown GRPC_STATUS option "${parameter}": must be CAMEL_STRING, SNAKE_STRING or NUMBER`;
    }
  },
};

export const GRPC_OPERATORS: Operators = {
  GRPC_STATUS,
  GRPC_STATUS_NUMBER: plain("gRPC status as a number", numberField(grpcStatus)),
};
