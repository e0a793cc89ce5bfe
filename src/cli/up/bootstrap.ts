// Envoy's bootstrap file for each proxy of a mesh on one machine: the same file starts ours and stock Envoy.
import type { SocketAddress } from "#base/net.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";

export interface ProxyIdentity {
  readonly type: "sidecar" | "router";
  readonly address: string;
  /** Where the admin pages are. */
  readonly admin: SocketAddress;
  /** The workload's name, "reviews-v2-1". */
  readonly name: string;
  readonly namespace: string;
  /** The service's short name, for `node.cluster`. */
  readonly cluster: string;
  readonly labels: Readonly<Record<string, string>>;
  /** "region/zone/subzone", or "". */
  readonly locality: string;
  /** More metadata: AUTO_REGISTER_GROUP and sampan's own. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

const socketAddress = ({ host, port }: SocketAddress): object => ({
  socket_address: { address: host, port_value: port },
});

/** Only what differs from Envoy's defaults: our management server, over HTTP/2, kept alive so that its death is noticed. */
function managementCluster(xds: SocketAddress): object {
  return {
    name: "xds-grpc",
    type: "STATIC",
    connect_timeout: "1s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: "30s", timeout: "10s" } },
        },
      },
    },
    load_assignment: {
      cluster_name: "xds-grpc",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(xds) } }] }],
    },
  };
}

function localityOf(text: string): object | undefined {
  if (text === "") return undefined;
  const [region = "", zone = "", subZone = ""] = text.split("/");
  return { region, zone, sub_zone: subZone };
}

export function bootstrapFor(identity: ProxyIdentity, xds: SocketAddress): object {
  const domain = `${identity.namespace}.svc.cluster.local`;
  const locality = localityOf(identity.locality);
  return {
    node: {
      id: `${identity.type}~${identity.address}~${identity.name}.${identity.namespace}~${domain}`,
      cluster: identity.cluster,
      ...(locality === undefined ? {} : { locality }),
      metadata: {
        NAMESPACE: identity.namespace,
        LABELS: identity.labels,
        INTERCEPTION_MODE: "NONE",
        SAMPAN_ADMIN_ADDRESS: formatSocketAddress(identity.admin),
        ...identity.metadata,
      },
    },
    admin: { address: socketAddress(identity.admin) },
    // Envoy counts latencies into its histograms at each flush: `sampan top` wants them fresh.
    stats_flush_interval: "1s",
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
      cds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
      lds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
    },
    static_resources: { clusters: [managementCluster(xds)] },
  };
}
