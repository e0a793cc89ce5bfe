// VirtualService header operations -> Envoy's header lists; a Host among them becomes a host rewrite.
import { create } from "@bufbuild/protobuf";
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
  HeaderValueOptionSchema,
} from "#api/envoy/config/core/v3/base_pb.ts";
import type { Headers } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";

export interface HeaderLists {
  requestHeadersToAdd: HeaderValueOption[];
  requestHeadersToRemove: string[];
  responseHeadersToAdd: HeaderValueOption[];
  responseHeadersToRemove: string[];
}

/** The lists of one level (route or destination), and the authority that its request headers ask for ("" if none). */
export function headerLists(headers: Headers | undefined): {
  readonly lists: HeaderLists;
  readonly authority: string;
} {
  const { request, response } = headers ?? {};
  return {
    lists: {
      requestHeadersToAdd: [...overwriting(request?.set), ...appending(request?.add)],
      requestHeadersToRemove: (request?.remove ?? []).filter(isSettable),
      responseHeadersToAdd: [...overwriting(response?.set), ...appending(response?.add)],
      responseHeadersToRemove: (response?.remove ?? []).filter(isSettable),
    },
    authority: authorityIn(request?.set) || authorityIn(request?.add),
  };
}

/** The destination's lists follow the route's, so that its `set` has the last word. */
export function joined(first: HeaderLists, second: HeaderLists): HeaderLists {
  return {
    requestHeadersToAdd: [...first.requestHeadersToAdd, ...second.requestHeadersToAdd],
    requestHeadersToRemove: [...first.requestHeadersToRemove, ...second.requestHeadersToRemove],
    responseHeadersToAdd: [...first.responseHeadersToAdd, ...second.responseHeadersToAdd],
    responseHeadersToRemove: [...first.responseHeadersToRemove, ...second.responseHeadersToRemove],
  };
}

type Values = { readonly [name: string]: string } | undefined;

function overwriting(values: Values): HeaderValueOption[] {
  return options(values, AppendAction.OVERWRITE_IF_EXISTS_OR_ADD);
}

function appending(values: Values): HeaderValueOption[] {
  return options(values, AppendAction.APPEND_IF_EXISTS_OR_ADD);
}

function options(values: Values, appendAction: AppendAction): HeaderValueOption[] {
  return Object.entries(values ?? {})
    .filter(([key]) => isSettable(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) =>
      create(HeaderValueOptionSchema, { header: { key, value }, appendAction }),
    );
}

/** Envoy refuses pseudo headers and Host here. */
function isSettable(name: string): boolean {
  return !name.startsWith(":") && name.toLowerCase() !== "host";
}

function authorityIn(values: Values): string {
  for (const [name, value] of Object.entries(values ?? {})) {
    const lower = name.toLowerCase();
    if (lower === ":authority" || lower === "host") return value;
  }
  return "";
}
