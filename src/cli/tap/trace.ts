// What a proxy says of one request: envoy.data.tap.v3.TraceWrapper in JSON, and what our proxy adds; taken apart without trust.
import { parseRfc3339Ms } from "#base/rfc3339.ts";
import { type JsonObject, listOf, numberOf, objectOf, textOf } from "../client/json-values.ts";

/** A field's name and value. */
export type HeaderLine = readonly [name: string, value: string];

export interface Trace {
  readonly requestHeaders: readonly HeaderLine[];
  readonly responseHeaders: readonly HeaderLine[] | undefined;
  /** Milliseconds since 1970; undefined where the proxy does not tell. */
  readonly requestAtMs: number | undefined;
  readonly responseAtMs: number | undefined;
  readonly downstreamRemote: Address | undefined;
  readonly upstreamRemote: Address | undefined;
  readonly details: TraceDetails | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Our proxy's, on top of Envoy's. */
export interface TraceDetails {
  readonly responseFlags: string;
  readonly cluster: string;
  readonly durationMs: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export type TapMessage =
  | { readonly kind: "trace"; readonly trace: Trace }
  /** So many requests that matched were left out by the proxy. */
  | { readonly kind: "dropped"; readonly count: number };

/** undefined: it is no such message. Never throws. */
export function parseTapMessage(text: string): TapMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const message = objectOf(value);
  const extra = objectOf(message["sampan"]);
  const dropped = extra["dropped"];
  if (typeof dropped === "number") return { kind: "dropped", count: Math.max(0, dropped) };
  const traced = objectOf(message["http_buffered_trace"]);
  // Envoy shows a stream that ended before its head was whole, too: there is no request in it.
  if (!Array.isArray(objectOf(traced["request"])["headers"])) return undefined;
  const request = objectOf(traced["request"]);
  const response = traced["response"] === undefined ? undefined : objectOf(traced["response"]);
  return {
    kind: "trace",
    trace: {
      requestHeaders: headerLines(request["headers"]),
      responseHeaders: response && headerLines(response["headers"]),
      requestAtMs: parseRfc3339Ms(request["headers_received_time"]),
      responseAtMs: response && parseRfc3339Ms(response["headers_received_time"]),
      downstreamRemote: remoteAddress(traced["downstream_connection"]),
      upstreamRemote: remoteAddress(traced["upstream_connection"]),
      details: message["sampan"] === undefined ? undefined : detailsOf(extra),
    },
  };
}

/** Its first value. */
export const headerValue = (
  lines: readonly HeaderLine[] | undefined,
  name: string,
): string | undefined => lines?.find(([key]) => key === name)?.[1];

function headerLines(value: unknown): HeaderLine[] {
  return listOf(value).map((item) => {
    const line = objectOf(item);
    return [textOf(line["key"]), textOf(line["value"])];
  });
}

function remoteAddress(connection: unknown): Address | undefined {
  const remote = objectOf(objectOf(objectOf(connection)["remote_address"])["socket_address"]);
  const host = textOf(remote["address"]);
  return host === "" ? undefined : { host, port: numberOf(remote["port_value"]) };
}

function detailsOf(extra: JsonObject): TraceDetails {
  return {
    responseFlags: textOf(extra["response_flags"]),
    cluster: textOf(extra["upstream_cluster"]),
    durationMs: numberOf(extra["duration_ms"]),
    bytesReceived: numberOf(extra["bytes_received"]),
    bytesSent: numberOf(extra["bytes_sent"]),
  };
}
