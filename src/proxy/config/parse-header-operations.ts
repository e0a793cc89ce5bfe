// Headers to add and to remove, on all four levels of a route configuration.
import type { HeaderValueOption } from "#api/envoy/config/core/v3/base_pb.ts";
import { HeaderValueOption_HeaderAppendAction as AppendAction } from "#api/envoy/config/core/v3/base_pb.ts";
import { quoted } from "#base/log.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import type { Field } from "./field.ts";
import { readHeaderTemplate } from "./parse-header-template.ts";
import type { HeaderAddition, HeaderMutations, HeaderOperations } from "./route-config.ts";

/** What the four levels have in common. */
export interface HeaderOperationsMessage {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

export function readHeaderOperations(
  at: Field,
  message: HeaderOperationsMessage,
): HeaderOperations {
  return {
    request: readMutations(
      at,
      "request",
      message.requestHeadersToAdd,
      message.requestHeadersToRemove,
    ),
    response: readMutations(
      at,
      "response",
      message.responseHeadersToAdd,
      message.responseHeadersToRemove,
    ),
  };
}

function readMutations(
  at: Field,
  direction: "request" | "response",
  add: readonly HeaderValueOption[],
  remove: readonly string[],
): HeaderMutations {
  const additions = at.child(`${direction}_headers_to_add`);
  const removals = at.child(`${direction}_headers_to_remove`);
  return {
    add: add.map((option, i) => readAddition(additions.item(i), option)),
    remove: remove.map((name, i) => readRemoval(removals.item(i), name)),
  };
}

/** Pseudo-headers and Host say where a request goes: only rewrites may change them. */
function isProtected(name: string): boolean {
  return name.startsWith(":") || name.toLowerCase() === "host";
}

/** Written by the codec from what it knows: an operation that changed them would let two parties disagree where a message ends. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

function refuseConnectionHeader(at: Field, name: string): void {
  if (!CONNECTION_HEADERS.has(name.toLowerCase())) return;
  const why = "the framing and the connection are not header operations' to change";
  at.reject(`${why}: got ${quoted(name)}`);
}

function readRemoval(at: Field, name: string): HeaderName {
  refuseConnectionHeader(at, name);
  if (isProtected(name))
    at.reject(`:-prefixed or host headers may not be removed: got ${quoted(name)}`);
  return headerName(name);
}

function readAddition(at: Field, option: HeaderValueOption): HeaderAddition {
  const header = at.child("header");
  const key = option.header?.key ?? "";
  if (isProtected(key)) {
    header
      .child("key")
      .reject(`:-prefixed or host headers may not be modified: got ${quoted(key)}`);
  }
  refuseConnectionHeader(header.child("key"), key);
  const raw = option.header?.rawValue ?? NO_BYTES;
  if (raw.length > 0) header.child("raw_value").reject("not supported: use value");
  return {
    name: headerName(key),
    value: readHeaderTemplate(header.child("value"), option.header?.value ?? ""),
    action: readAction(at, option),
    keepEmptyValue: option.keepEmptyValue,
  };
}

const NO_BYTES = new Uint8Array(0);

function readAction(at: Field, option: HeaderValueOption): HeaderAddition["action"] {
  if (option.append !== undefined) {
    if (option.appendAction !== AppendAction.APPEND_IF_EXISTS_OR_ADD) {
      at.child("append").reject("Both append and append_action are set and it's not allowed");
    }
    return option.append ? "appendIfExistsOrAdd" : "overwriteIfExistsOrAdd";
  }
  switch (option.appendAction) {
    case AppendAction.ADD_IF_ABSENT:
      return "addIfAbsent";
    case AppendAction.OVERWRITE_IF_EXISTS_OR_ADD:
      return "overwriteIfExistsOrAdd";
    case AppendAction.OVERWRITE_IF_EXISTS:
      return "overwriteIfExists";
    default:
      return "appendIfExistsOrAdd";
  }
}
