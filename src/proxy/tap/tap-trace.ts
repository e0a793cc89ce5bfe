// One request as a tap shows it: envoy.data.tap.v3.TraceWrapper in JSON, laid out as Envoy's admin interface does. Never a body.
import { civilTime } from "#base/civil-time.ts";
import type { SocketAddress } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { formatFlags } from "../response-flags.ts";
import type { StreamInfo } from "../stream-info.ts";

/** What Envoy's trace does not tell; added when asked for. Names are those of the access log's operators. */
export interface TraceDetails {
  readonly response_flags: string;
  readonly response_code_details: string;
  readonly upstream_cluster: string;
  readonly route_name: string;
  readonly duration_ms: number;
  readonly bytes_received: number;
  readonly bytes_sent: number;
}

/** In place of a request, when some were left out since the last one. */
export const droppedNotice = (count: number): string =>
  `${JSON.stringify({ sampan: { dropped: count } }, null, 1)}\n`;

/** `endMs`: now, as the stream's own end is not yet noted. */
export function formatTrace(info: StreamInfo, endMs: number, hasDetails: boolean): string {
  const { requestHead, responseHead, firstDownstreamTxMs, startMs } = info;
  const trace = {
    http_buffered_trace: {
      request: {
        headers: requestHead === undefined ? [] : requestHeaders(requestHead),
        ...(hasBody(requestHead) ? BODY : {}),
        trailers: [],
        headers_received_time: timestamp(info, startMs),
      },
      ...(responseHead === undefined
        ? {}
        : {
            response: {
              headers: [field(":status", String(responseHead.status)), ...fields(responseHead)],
              ...(hasBody(responseHead) ? BODY : {}),
              trailers: info.responseTrailers === undefined ? [] : fields(info.responseTrailers),
              headers_received_time: timestamp(info, firstDownstreamTxMs ?? endMs),
            },
          }),
      downstream_connection: connection(
        info.downstreamDirectLocalAddress,
        info.downstreamDirectRemoteAddress,
      ),
      upstream_connection: connection(info.upstreamLocalAddress, info.upstreamHost),
    },
    ...(hasDetails ? { sampan: details(info, endMs) } : {}),
  };
  return `${JSON.stringify(trace, null, 1)}\n`;
}

/** As Envoy says it of a body of which no byte may be kept. */
const BODY = { body: { as_string: "", truncated: true } } as const;

function details(info: StreamInfo, endMs: number): TraceDetails {
  return {
    response_flags: formatFlags(info.responseFlags),
    response_code_details: info.responseCodeDetails ?? "",
    upstream_cluster: info.upstreamCluster ?? "",
    route_name: info.routeName ?? "",
    duration_ms: endMs - info.startMs,
    bytes_received: info.bytesReceived,
    bytes_sent: info.bytesSent,
  };
}

interface TracedField {
  readonly key: string;
  readonly value: string;
  readonly raw_value: "";
}

const field = (key: string, value: string): TracedField => ({ key, value, raw_value: "" });

function requestHeaders(head: RequestHead): TracedField[] {
  return [
    field(":authority", head.authority()),
    field(":path", head.path()),
    field(":method", head.method),
    field(":scheme", head.scheme === "" ? "http" : head.scheme),
    ...fields(head),
  ];
}

function fields(block: HeaderBlock): TracedField[] {
  const list: TracedField[] = [];
  for (let i = 0; i < block.count; i += 1) {
    if (!block.isRemoved(i)) list.push(field(block.nameAt(i), block.valueAt(i)));
  }
  return list;
}

function hasBody(head: RequestHead | ResponseHead | undefined): boolean {
  if (head === undefined || head.framing === "none") return false;
  return head.framing !== "length" || head.contentLength > 0;
}

function connection(local: SocketAddress | undefined, remote: SocketAddress | undefined): object {
  if (local === undefined || remote === undefined) return {};
  return { local_address: address(local), remote_address: address(remote) };
}

const address = ({ host, port }: SocketAddress): object => ({
  socket_address: {
    protocol: "TCP",
    address: host,
    port_value: port,
    resolver_name: "",
    ipv4_compat: false,
    network_namespace_filepath: "",
  },
});

/** RFC 3339 with microseconds, of a moment on the monotonic clock. */
function timestamp(info: StreamInfo, atMs: number): string {
  const micros = Math.round((info.startWallMs + (atMs - info.startMs)) * 1000);
  const { year, month, day, hour, minute, second } = civilTime(Math.floor(micros / 1e6));
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = String(micros % 1e6).padStart(6, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.${rest}Z`;
}
