// Rules that are worth a look before a change, and no line in the pilot's log: what they find may be meant so, or depends on which
// instances there are. Run by `sampan analyze`. A new one is a file of its own, and a line here.
import { CONFLICTING_GATEWAYS } from "./conflicting-gateways.ts";
import { HOST_NOT_IN_GATEWAY } from "./host-not-in-gateway.ts";
import { NO_SERVER_VERIFICATION } from "./no-server-verification.ts";
import { PORT_NOT_SELECTED } from "./port-not-selected.ts";
import type { RulesByKind } from "./rules.ts";
import { SECOND_DEFAULT_SIDECAR } from "./second-default-sidecar.ts";
import { SUBSET_WITHOUT_ENDPOINTS } from "./subset-without-endpoints.ts";

export const DEEP_RULES: RulesByKind = {
  DestinationRule: [SUBSET_WITHOUT_ENDPOINTS, NO_SERVER_VERIFICATION],
  Gateway: [CONFLICTING_GATEWAYS],
  ServiceEntry: [],
  Sidecar: [SECOND_DEFAULT_SIDECAR],
  VirtualService: [PORT_NOT_SELECTED, HOST_NOT_IN_GATEWAY],
  WorkloadEntry: [],
  WorkloadGroup: [],
};
