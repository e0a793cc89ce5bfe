// The route configuration of an inbound port: everything goes to the program behind the sidecar. It stands in the listener.
import { create } from "@bufbuild/protobuf";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import { NO_TIMEOUT } from "../messages.ts";
import { routeMatch } from "./match.ts";
import { INBOUND_RETRY_POLICY } from "./retry.ts";

export interface InboundRoute {
  readonly cluster: string;
  readonly hostname: string;
  readonly servicePort: number;
  /** Streaming calls cannot be sent again. */
  readonly isGrpc: boolean;
}

export function inboundRoutes(route: InboundRoute): RouteConfiguration {
  const { cluster, hostname, servicePort, isGrpc } = route;
  return create(RouteConfigurationSchema, {
    name: cluster,
    validateClusters: false,
    virtualHosts: [
      {
        name: `inbound|http|${servicePort}`,
        domains: ["*"],
        routes: [
          {
            name: "default",
            match: routeMatch(undefined),
            decorator: { operation: `${hostname}:${servicePort}/*` },
            action: {
              case: "route",
              value: {
                clusterSpecifier: { case: "cluster", value: cluster },
                timeout: NO_TIMEOUT,
                maxStreamDuration: {
                  maxStreamDuration: NO_TIMEOUT,
                  grpcTimeoutHeaderMax: NO_TIMEOUT,
                },
                retryPolicy: isGrpc ? undefined : INBOUND_RETRY_POLICY,
              },
            },
          },
        ],
      },
    ],
  });
}
