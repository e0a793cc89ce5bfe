// Builds Envoy bootstrap parts as plain JSON, with the few settings that keep a test quick.

export type Json = Readonly<Record<string, unknown>>;

/** The addresses of one side: the same ports on both, each side on an IP address of its own. */
export interface Place {
  readonly ip: string;
  /** The port that goes by this name ("in", "a", "refused", …); the same for both sides. */
  port(name: string): number;
  /** A file of this side's own. */
  file(name: string): string;
}

const HCM =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const HTTP = "type.googleapis.com/envoy.extensions.filters.http";

export const socketAddress = (ip: string, port: number): Json => ({
  socket_address: { address: ip, port_value: port },
});

export const endpoint = (ip: string, port: number, extra: Json = {}): Json => ({
  endpoint: { address: socketAddress(ip, port) },
  ...extra,
});

/** A STATIC cluster over the named ports. */
export function cluster(
  place: Place,
  name: string,
  ports: readonly string[],
  extra: Json = {},
): Json {
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => endpoint(place.ip, place.port(port))) }],
    },
    ...extra,
  };
}

/** What each side writes for every stream: the client's port first, by which a line finds its case. */
export const LOG_FORMAT: string = [
  "%DOWNSTREAM_REMOTE_PORT% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%",
  "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %REQ(:AUTHORITY)%",
  "in=%BYTES_RECEIVED% out=%BYTES_SENT% route=%ROUTE_NAME% cluster=%UPSTREAM_CLUSTER%",
  "host=%UPSTREAM_HOST% attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
].join(" ");

export function accessLog(place: Place, name: string, format: string): Json {
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path: place.file(name),
      log_format: { text_format_source: { inline_string: `${format}\n` } },
    },
  };
}

export const ROUTER: Json = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": `${HTTP}.router.v3.Router` },
};

export const faultFilter = (config: Json = {}): Json => ({
  name: "envoy.filters.http.fault",
  typed_config: { "@type": `${HTTP}.fault.v3.HTTPFault`, ...config },
});

export interface HttpListener {
  readonly virtualHosts: readonly Json[];
  /** Fields of the connection manager beside those that are always set. */
  readonly manager?: Json;
  readonly routeConfig?: Json;
  readonly filters?: readonly Json[];
}

/** An HTTP listener on port `name`, with stat prefix `name`. */
export function httpListener(place: Place, name: string, parts: HttpListener): Json {
  return {
    name,
    address: socketAddress(place.ip, place.port(name)),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": HCM,
              stat_prefix: name,
              delayed_close_timeout: "0.05s",
              http_filters: parts.filters ?? [ROUTER],
              access_log: [accessLog(place, "access.log", LOG_FORMAT)],
              route_config: {
                name: `${name}-routes`,
                virtual_hosts: parts.virtualHosts,
                ...parts.routeConfig,
              },
              ...parts.manager,
            },
          },
        ],
      },
    ],
  };
}

export const route = (match: Json, action: Json, extra: Json = {}): Json => ({
  match,
  ...action,
  ...extra,
});

export const to = (clusterName: string, extra: Json = {}): Json => ({
  route: { cluster: clusterName, ...extra },
});

export const ANY: Json = { prefix: "/" };

/** One virtual host for all names, with these routes. */
export const catchAll = (routes: readonly Json[], extra: Json = {}): Json => ({
  name: "all",
  domains: ["*"],
  routes,
  ...extra,
});
