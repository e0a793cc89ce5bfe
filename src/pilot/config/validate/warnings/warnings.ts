// Every warning about single objects. A new one is a file of its own, and a line here.
import type { Kind } from "../../../model/object.ts";
import { FAULT_WITHOUT_PERCENTAGE } from "./fault-without-percentage.ts";
import { UNREACHABLE_ROUTE } from "./unreachable-route.ts";
import type { Warning } from "./warning.ts";
import { ZERO_IN_CONNECTION_POOL, ZERO_IN_SIDECAR_POOL } from "./zero-in-connection-pool.ts";
import { ZERO_WEIGHT } from "./zero-weight.ts";

type WarningsByKind = { readonly [K in Kind]: readonly Warning<K>[] };

export const WARNINGS: WarningsByKind = {
  DestinationRule: [ZERO_IN_CONNECTION_POOL],
  Gateway: [],
  ServiceEntry: [],
  Sidecar: [ZERO_IN_SIDECAR_POOL],
  VirtualService: [FAULT_WITHOUT_PERCENTAGE, UNREACHABLE_ROUTE, ZERO_WEIGHT],
  WorkloadEntry: [],
  WorkloadGroup: [],
};
