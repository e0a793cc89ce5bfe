// RDS: one route configuration of a proxy.
import { create } from "@bufbuild/protobuf";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Translated } from "../translated.ts";

/** The route configuration `routeName`; one without virtual hosts when nothing of that name exists (as Istio answers). */
export function routes(
  _proxy: Proxy,
  _snapshot: Snapshot,
  routeName: string,
): Translated<RouteConfiguration> {
  return {
    name: routeName,
    message: create(RouteConfigurationSchema, { name: routeName }),
    sources: [],
  };
}
