// typed_per_filter_config of a route configuration, virtual host, route or weighted cluster.
import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterConfigSchema } from "#api/envoy/config/route/v3/route_components_pb.ts";
import { HTTPFaultSchema } from "#api/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { quoted } from "#base/log.ts";
import { extensionTypeOf, unpackAs } from "./any.ts";
import { isIgnoredExtension } from "./check/ignored-extensions.ts";
import type { FaultConfig } from "./fault-config.ts";
import type { Field } from "./field.ts";
import { readFault } from "./parse-fault.ts";

/** Per-route configuration is looked up by the filter's name in the connection manager, which must be this one for faults. */
export const FAULT_FILTER = "envoy.filters.http.fault";
export const ROUTER_FILTER = "envoy.filters.http.router";

/** The fault filter's configuration for this level; "disabled" switches the filter off. */
export function readFaultOverride(
  at: Field,
  configs: Readonly<Record<string, Any>>,
): FaultConfig | "disabled" | undefined {
  let fault: FaultConfig | "disabled" | undefined;
  for (const [name, any] of Object.entries(configs)) {
    const read = readOverride(at.entry(name), name, any, false);
    if (name === FAULT_FILTER) fault = read;
  }
  return fault;
}

function readOverride(
  at: Field,
  name: string,
  any: Any,
  isOptional: boolean,
): FaultConfig | "disabled" | undefined {
  const wrapper = unpackAs(FilterConfigSchema, any);
  if (wrapper !== undefined) {
    if (wrapper.disabled) {
      if (name === ROUTER_FILTER) at.reject("the router filter cannot be disabled");
      // Any other filter does nothing to a request, so that switching it off changes nothing.
      return "disabled";
    }
    if (wrapper.config === undefined) return undefined;
    return readOverride(at.child("config"), name, wrapper.config, wrapper.isOptional);
  }
  const fault = unpackAs(HTTPFaultSchema, any);
  if (fault !== undefined) {
    if (name !== FAULT_FILTER) at.reject(`a fault must be under the name ${quoted(FAULT_FILTER)}`);
    return readFault(at, fault);
  }
  if (!isOptional && !isIgnoredExtension(any)) {
    at.reject(`not supported: ${quoted(extensionTypeOf(any))}`);
  }
  return undefined;
}
