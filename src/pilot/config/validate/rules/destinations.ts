// Destinations of a route and their weights.
import type {
  Destination,
  HTTPRouteDestination,
  RouteDestination,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { isIp } from "#base/ip-address.ts";
import { each, type Field } from "../field.ts";
import { checkPort, isDnsLabel, isWildcardDomain } from "../names.ts";

/** At least one; when there are several, someone must get requests. */
export function checkDestinations(
  destinations: readonly (HTTPRouteDestination | RouteDestination)[],
  field: Field,
): void {
  if (destinations.length === 0) field.error("must have at least one destination");
  let total = 0;
  each(destinations, field, ({ destination, weight }, at) => {
    if (destination === undefined) at.at("destination").error("must be set");
    else checkDestination(destination, at.at("destination"));
    if (weight < 0) at.at("weight").must("not be negative", weight);
    total += weight;
  });
  if (destinations.length > 1 && total === 0) {
    field.error("must have weights: their sum is 0, so that no destination gets a request");
  }
  if (total > MAX_TOTAL_WEIGHT)
    field.must(`have weights that sum to at most ${MAX_TOTAL_WEIGHT}`, `a sum of ${total}`);
}

/** Envoy counts weighted clusters in 32 bits and refuses a greater sum. */
const MAX_TOTAL_WEIGHT = 0xffff_ffff;

export function checkDestination({ host, subset, port }: Destination, field: Field): void {
  if (host === "*" || (!isWildcardDomain(host) && !isIp(host))) {
    field.at("host").must('be a host name such as "reviews.default.svc.cluster.local"', host);
  }
  if (subset !== "" && !isDnsLabel(subset)) {
    field.at("subset").must("be a name of letters, digits and '-', at most 63", subset);
  }
  if (port !== undefined) checkPort(port.number, field.at("port", "number"));
}
