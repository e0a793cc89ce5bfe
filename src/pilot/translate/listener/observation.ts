// What watches the traffic of a listener: access logs, and for HTTP the tap through which live requests are shown.
import type { AccessLog } from "#api/envoy/config/accesslog/v3/accesslog_pb.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";
import type { Proxy } from "../../model/proxy.ts";
import { TAP_CONFIG_ID } from "../names.ts";
import { accessLogs } from "./access-log.ts";

export interface Observation {
  readonly accessLogs: readonly AccessLog[];
  /** Under which live requests are asked for; undefined: not at all. */
  readonly tapConfigId: string | undefined;
}

/** `side`: whose requests these are: what a workload sends (a gateway too), or what it is sent. */
export function observationOf(
  proxy: Proxy,
  mesh: MeshSettings,
  side: keyof typeof TAP_CONFIG_ID,
): Observation {
  // An Envoy without an admin interface dies of this filter (1.40: a segmentation fault): only who says that it has one gets it.
  const isTapped = mesh.tapEnabled && proxy.adminAddress !== undefined;
  return {
    accessLogs: accessLogs(proxy, mesh),
    tapConfigId: isTapped ? TAP_CONFIG_ID[side] : undefined,
  };
}
