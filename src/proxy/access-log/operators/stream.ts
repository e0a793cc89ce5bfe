// Operators of the response, of byte counts, and of who took part: route, cluster, connection.
import type { Random } from "#base/random.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import { formatFlags, formatFlagsLong } from "../../response-flags.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { type Field, numberField, textField, UNSET_FIELD } from "../field.ts";
import { type Operator, type Operators, plain } from "../operator.ts";
import { UPSTREAM_HOST, writeAddress } from "./address.ts";

const WHITE_SPACE = /\s/g;
/** Words with spaces would break a line that is split at spaces; Envoy replaces them too. */
const underscored = (text: string | undefined): string | undefined =>
  text?.replace(WHITE_SPACE, "_");

const RESPONSE_CODE_DETAILS: Operator = {
  parameter: "optional",
  takesLength: false,
  meaning: "Why the response is what it is; spaces become _ unless ALLOW_WHITESPACES",
  create: ({ parameter }) =>
    textField(
      parameter === "ALLOW_WHITESPACES"
        ? (info) => info.responseCodeDetails
        : (info) => underscored(info.responseCodeDetails),
    ),
};

/** Bytes of names and values, the pseudo-headers of HTTP/2 included. */
function headersBytes(block: HeaderBlock): number {
  let total = 0;
  for (let i = 0; i < block.count; i += 1) {
    if (block.isRemoved(i)) continue;
    total += block.nameEnd(i) - block.nameStart(i) + block.valueEnd(i) - block.valueStart(i);
  }
  return total;
}

function requestHeadersBytes(info: StreamInfo): number {
  const head = info.requestHead;
  if (head === undefined) return 0;
  const path = head.pathEnd - head.pathStart;
  const authority = head.authorityEnd - head.authorityStart;
  return (
    headersBytes(head) +
    ":method".length +
    head.method.length +
    ":scheme".length +
    (head.scheme || "http").length +
    (path > 0 ? ":path".length + path : 0) +
    (head.hasAuthority ? ":authority".length + authority : 0)
  );
}

function responseHeadersBytes(info: StreamInfo): number {
  return info.responseHead === undefined
    ? 0
    : headersBytes(info.responseHead) + ":status".length + "200".length;
}

/** A random UUID (version 4), new for each line. */
export function randomUuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, "0")).join("");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The address of each host that was tried, where the data path keeps them; with one attempt that is the host itself. */
function attemptedField(withPort: boolean): Field {
  return {
    isNumber: false,
    write(info, out) {
      const hosts = info.upstreamHostsAttempted ?? [];
      if (hosts.length === 0) {
        if (info.upstreamLocalAddress === undefined || info.upstreamHost === undefined)
          return false;
        if (withPort) writeAddress(out, info.upstreamHost);
        else out.ascii(info.upstreamHost.host);
        return true;
      }
      hosts.forEach((host, i) => {
        if (i > 0) out.ascii(",");
        if (withPort) writeAddress(out, host);
        else out.ascii(host.host);
      });
      return true;
    },
  };
}

const hostname = (info: StreamInfo): string | undefined => {
  const host = info.upstreamHost;
  return info.upstreamHostname || (host === undefined ? undefined : `${host.host}:${host.port}`);
};

const HOSTNAME: Operator = {
  parameter: "none",
  takesLength: false,
  meaning: "Name of this machine",
  create: ({ environment }) => textField(() => environment.hostname),
};

const UNIQUE_ID: Operator = {
  parameter: "none",
  takesLength: false,
  meaning: "A random UUID, new for each line",
  create: ({ environment }) => textField(() => randomUuid(environment.random)),
};

const ENVIRONMENT: Operator = {
  parameter: "required",
  takesLength: true,
  meaning: "A variable of the process's environment",
  create({ parameter, maxLength, environment }) {
    const value = environment.environment(parameter)?.slice(0, maxLength);
    return value === undefined ? UNSET_FIELD : textField(() => value);
  },
};

const SNI_OPTIONS = ["SNI_ONLY", "SNI_FIRST", "HOST_FIRST"];

const REQUESTED_SERVER_NAME: Operator = {
  parameter: "optional",
  takesLength: false,
  meaning: "The server name asked for by TLS; SNI_FIRST, HOST_FIRST: or the request's host",
  create({ parameter }) {
    const choice = parameter.split(":")[0] ?? "";
    if (choice !== "" && !SNI_OPTIONS.includes(choice)) {
      return `Unknown REQUESTED_SERVER_NAME option "${choice}": must be one of ${SNI_OPTIONS.join(", ")}`;
    }
    const host = (info: StreamInfo): string | undefined =>
      info.requestHead?.authority() || undefined;
    switch (choice) {
      case "SNI_FIRST":
        return textField((info) => info.requestedServerName ?? host(info));
      case "HOST_FIRST":
        return textField((info) => host(info) ?? info.requestedServerName);
      default:
        return textField((info) => info.requestedServerName);
    }
  },
};

const RESPONSE_OPERATORS: Operators = {
  PROTOCOL: plain(
    "HTTP/1.0, HTTP/1.1, HTTP/2",
    textField((info) => info.protocol),
  ),
  RESPONSE_CODE: plain(
    "Status; 0 when nothing was sent",
    numberField((info) => info.responseCode),
  ),
  RESPONSE_CODE_DETAILS,
  RESPONSE_FLAGS: plain(
    "Short flags",
    textField((info) => formatFlags(info.responseFlags)),
  ),
  RESPONSE_FLAGS_LONG: plain(
    "Long flags",
    textField((info) => formatFlagsLong(info.responseFlags)),
  ),
  CONNECTION_TERMINATION_DETAILS: plain(
    "Why we ended the connection",
    textField((info) => info.connectionTerminationDetails),
  ),
};

const BYTE_OPERATORS: Operators = {
  BYTES_RECEIVED: plain(
    "Body bytes received",
    numberField((info) => info.bytesReceived),
  ),
  BYTES_SENT: plain(
    "Body bytes sent",
    numberField((info) => info.bytesSent),
  ),
  REQUEST_HEADERS_BYTES: plain(
    "Bytes of names and values of the request's headers",
    numberField(requestHeadersBytes),
  ),
  RESPONSE_HEADERS_BYTES: plain(
    "Bytes of names and values of the response's headers",
    numberField(responseHeadersBytes),
  ),
  RESPONSE_TRAILERS_BYTES: plain(
    "Bytes of names and values of the response's trailers",
    numberField((info) => (info.responseTrailers ? headersBytes(info.responseTrailers) : 0)),
  ),
  ...wireBytes("DOWNSTREAM", {
    wireReceived: (info) => info.downstreamWireBytesReceived,
    wireSent: (info) => info.downstreamWireBytesSent,
    headerReceived: (info) => info.downstreamHeaderBytesReceived,
    headerSent: (info) => info.downstreamHeaderBytesSent,
  }),
  ...wireBytes("UPSTREAM", {
    wireReceived: (info) => info.upstreamWireBytesReceived,
    wireSent: (info) => info.upstreamWireBytesSent,
    headerReceived: (info) => info.upstreamHeaderBytesReceived,
    headerSent: (info) => info.upstreamHeaderBytesSent,
  }),
};

function wireBytes(
  side: "DOWNSTREAM" | "UPSTREAM",
  read: Readonly<
    Record<
      "wireReceived" | "wireSent" | "headerReceived" | "headerSent",
      (info: StreamInfo) => number
    >
  >,
): Operators {
  const received = plain("Header bytes received", numberField(read.headerReceived));
  const sent = plain("Header bytes sent", numberField(read.headerSent));
  return {
    [`${side}_WIRE_BYTES_RECEIVED`]: plain(
      "Bytes received, framing included",
      numberField(read.wireReceived),
    ),
    [`${side}_WIRE_BYTES_SENT`]: plain("Bytes sent, framing included", numberField(read.wireSent)),
    [`${side}_HEADER_BYTES_RECEIVED`]: received,
    [`${side}_HEADER_BYTES_SENT`]: sent,
    // HTTP/1 does not compress headers.
    [`${side}_DECOMPRESSED_HEADER_BYTES_RECEIVED`]: received,
    [`${side}_DECOMPRESSED_HEADER_BYTES_SENT`]: sent,
  };
}

const IDENTITY_OPERATORS: Operators = {
  ROUTE_NAME: plain(
    "The route's name",
    textField((info) => info.routeName || undefined),
  ),
  FILTER_CHAIN_NAME: plain(
    "The filter chain's name",
    textField((info) => info.filterChainName || undefined),
  ),
  ACCESS_LOG_TYPE: plain(
    "DownstreamEnd or TcpConnectionEnd: what the line is about",
    textField((info) => (info.protocol === undefined ? "TcpConnectionEnd" : "DownstreamEnd")),
  ),
  CONNECTION_ID: plain(
    "The downstream connection",
    numberField((info) => info.connectionId),
  ),
  STREAM_ID: plain(
    "The stream",
    textField((info) => info.streamId),
  ),
  UNIQUE_ID,
  HOSTNAME,
  ENVIRONMENT,
  REQUESTED_SERVER_NAME,
};

const UPSTREAM_OPERATORS: Operators = {
  UPSTREAM_CLUSTER: plain(
    "The cluster's name for statistics (alt_stat_name)",
    textField((info) => info.upstreamClusterStatName ?? info.upstreamCluster),
  ),
  UPSTREAM_CLUSTER_RAW: plain(
    "The cluster's name",
    textField((info) => info.upstreamCluster),
  ),
  UPSTREAM_HOST,
  UPSTREAM_HOST_NAME: plain("The host's name, or its address", textField(hostname)),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain(
    "The host's name, or its IP",
    textField((info) => info.upstreamHostname || info.upstreamHost?.host),
  ),
  UPSTREAM_HOSTS_ATTEMPTED: plain("Every host connected to", attemptedField(true)),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: plain("The same, IPs only", attemptedField(false)),
  UPSTREAM_CONNECTION_ID: plain(
    "The upstream connection; 0 when there was none",
    numberField((info) => info.upstreamConnectionId ?? 0),
  ),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(
    "Attempts, the first included; 0 when none was made",
    numberField((info) => info.attemptCount),
  ),
  UPSTREAM_PROTOCOL: plain(
    "Protocol to the host",
    textField((info) => info.upstreamProtocol),
  ),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(
    "Why no connection could be made",
    textField((info) => underscored(info.upstreamTransportFailureReason || undefined)),
  ),
};

export const STREAM_OPERATORS: Operators = {
  ...RESPONSE_OPERATORS,
  ...BYTE_OPERATORS,
  ...IDENTITY_OPERATORS,
  ...UPSTREAM_OPERATORS,
};
