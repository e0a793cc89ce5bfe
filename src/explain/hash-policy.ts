// What a route hashes for hashing load balancers: read from Envoy's message, since our own proxy has none yet.
import type { RouteAction_HashPolicy } from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { RouteEntry } from "#proxy/route/route-entry.ts";

export function hashPolicyFacts({ route, virtualHost, table }: RouteEntry): string[] {
  const { virtualHosts, message } = table.config;
  const host = message.virtualHosts[virtualHosts.indexOf(virtualHost)];
  const action = host?.routes[virtualHost.routes.indexOf(route)]?.action;
  if (action?.case !== "route" || action.value.hashPolicy.length === 0) return [];
  return [`hashed by ${action.value.hashPolicy.map(hashText).join(", then ")}`];
}

function hashText({ policySpecifier: by }: RouteAction_HashPolicy): string {
  switch (by.case) {
    case "header":
      return `header ${by.value.headerName}`;
    case "cookie":
      return `cookie ${by.value.name}`;
    case "connectionProperties":
      return "the client's address";
    case "queryParameter":
      return `query parameter ${by.value.name}`;
    default:
      return by.case ?? "nothing";
  }
}
