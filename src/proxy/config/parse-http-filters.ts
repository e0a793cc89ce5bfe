// The HTTP filters of a connection manager: which of them do something, in order, the router last.
import type { Any } from "@bufbuild/protobuf/wkt";
import { CorsSchema } from "#api/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "#api/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { RouterSchema } from "#api/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { TapSchema } from "#api/envoy/extensions/filters/http/tap/v3/tap_pb.ts";
import type { HttpFilter } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { quoted } from "#base/log.ts";
import { extensionTypeOf, unpackAs } from "./any.ts";
import { isIgnoredExtension } from "./check/ignored-extensions.ts";
import type { Field } from "./field.ts";
import type { HttpFilterConfig } from "./listener-config.ts";
import { readFault } from "./parse-fault.ts";
import { FAULT_FILTER } from "./parse-per-filter.ts";

export function readHttpFilters(at: Field, list: readonly HttpFilter[]): HttpFilterConfig[] {
  if (list.length === 0) at.reject("the router filter is required");
  return list.map((message, i) => {
    const filter = readHttpFilter(at.item(i), message);
    checkPlace(at.item(i), filter, i === list.length - 1);
    return filter;
  });
}

function checkPlace(at: Field, filter: HttpFilterConfig, isLast: boolean): void {
  const name = quoted(filter.name);
  if (filter.kind === "router" && !isLast) {
    at.reject(`terminal filter named ${name} must be the last filter in a http filter chain`);
  } else if (filter.kind !== "router" && isLast) {
    at.reject(`non-terminal filter named ${name} is the last filter in a http filter chain`);
  }
}

function readHttpFilter(at: Field, message: HttpFilter): HttpFilterConfig {
  const { name, configType } = message;
  const any = configType.case === "typedConfig" ? configType.value : undefined;
  const filter = any === undefined ? undefined : readTyped(at.child("typed_config"), name, any);
  if (filter === undefined) {
    // An optional filter is one that a proxy without it may leave out.
    if (!message.isOptional) {
      const what = any === undefined ? name : extensionTypeOf(any);
      at.child("typed_config").reject(`not supported: HTTP filter ${quoted(what)}`);
    }
    return { kind: "none", name };
  }
  if (message.disabled) {
    // A route may switch a disabled filter on again, which these would have to honour.
    if (filter.kind === "router" || filter.kind === "fault" || filter.kind === "tap")
      at.child("disabled").reject("not supported");
    return { kind: "none", name };
  }
  return filter;
}

function readTyped(at: Field, name: string, any: Any): HttpFilterConfig | undefined {
  const router = unpackAs(RouterSchema, any);
  if (router !== undefined) {
    return { kind: "router", name, suppressEnvoyHeaders: router.suppressEnvoyHeaders };
  }
  const fault = unpackAs(HTTPFaultSchema, any);
  if (fault !== undefined) {
    if (name !== FAULT_FILTER)
      at.reject(`a fault filter must be named ${quoted(FAULT_FILTER)}: got ${quoted(name)}`);
    return { kind: "fault", name, config: readFault(at, fault) };
  }
  const tap = unpackAs(TapSchema, any);
  if (tap !== undefined) {
    const config = tap.commonConfig?.configType;
    if (config?.case === "adminConfig") {
      return { kind: "tap", name, configId: config.value.configId };
    }
    at.child("common_config").child("admin_config").reject("value is required");
  }
  if (unpackAs(CorsSchema, any) !== undefined) return { kind: "cors", name };
  if (isIgnoredExtension(any)) return { kind: "none", name };
  return undefined;
}
