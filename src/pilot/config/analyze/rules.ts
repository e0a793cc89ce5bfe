// Every rule about objects together. A new one is a file of its own, and a line here.
import type { Kind } from "../../model/object.ts";
import type { Rule } from "./rule.ts";
import { SHADOWED_VIRTUAL_SERVICE } from "./shadowed-virtual-service.ts";
import { UNDEFINED_SUBSET } from "./undefined-subset.ts";
import { UNKNOWN_DESTINATION } from "./unknown-destination.ts";
import { UNKNOWN_GATEWAY } from "./unknown-gateway.ts";
import { RULE_FOR_UNKNOWN_HOST, UNKNOWN_HOST } from "./unknown-host.ts";

export type RulesByKind = { readonly [K in Kind]: readonly Rule<K>[] };

export const RULES: RulesByKind = {
  DestinationRule: [RULE_FOR_UNKNOWN_HOST],
  Gateway: [],
  ServiceEntry: [],
  Sidecar: [],
  VirtualService: [
    UNKNOWN_HOST,
    UNKNOWN_DESTINATION,
    UNDEFINED_SUBSET,
    UNKNOWN_GATEWAY,
    SHADOWED_VIRTUAL_SERVICE,
  ],
  WorkloadEntry: [],
  WorkloadGroup: [],
};
