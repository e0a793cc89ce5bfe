// The lines of a request, in the manner of `linkerd viz tap`: req, rsp, end.
import { quoted } from "#base/log.ts";
import { MAX_VALUE_CHARACTERS } from "./limits.ts";
import type { TappedPeer, TappedRequest } from "./tapped-request.ts";

/** Plain text stays as it is; what could break a line, or hide in one, is quoted and escaped. */
export function plain(value: string): string {
  const isPlain = /^[!-~]+$/.test(value) && value.length <= MAX_VALUE_CHARACTERS;
  return isPlain ? value : quoted(value, MAX_VALUE_CHARACTERS);
}

type Field = readonly [name: string, value: string | undefined];

function line(word: string, fields: readonly Field[]): string {
  const texts = fields.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${plain(value)}`],
  );
  return [word, ...texts].join(" ");
}

/** `wide`: with addresses, service and proxy, and why a response went wrong in plain words. */
export function requestLines(request: TappedRequest, wide: boolean): readonly string[] {
  const { id, source, destination } = request;
  const common: Field[] = [
    ["id", id],
    ["proxy", request.direction === "outbound" ? "out" : "in"],
    ["src", peerName(source)],
    ["dst", peerName(destination) ?? request.service],
    ...(wide ? wideFields(request) : []),
  ];
  const lines = [
    line("req", [
      ...common,
      [":method", request.method],
      [":authority", request.authority],
      [":path", request.path],
    ]),
  ];
  const { status, latencyMs, durationMs, responseBytes, responseFlags, explanation } = request;
  const flags = responseFlags.length === 0 ? undefined : responseFlags.join(",");
  if (status !== undefined) {
    lines.push(
      line("rsp", [
        ...common,
        [":status", String(status)],
        ["latency", latencyMs === undefined ? undefined : micros(latencyMs)],
        ["flags", flags],
      ]),
    );
  }
  const end = line("end", [
    ...common,
    ["duration", durationMs === undefined ? undefined : micros(durationMs)],
    ["response-length", responseBytes === undefined ? undefined : `${responseBytes}B`],
    ["flags", status === undefined ? flags : undefined],
  ]);
  lines.push(wide && explanation !== undefined ? `${end} why=${quoted(explanation)}` : end);
  return lines;
}

const peerName = (peer: TappedPeer | undefined): string | undefined =>
  peer?.workload ?? peer?.address;

function wideFields({ source, destination, service, proxy }: TappedRequest): readonly Field[] {
  return [
    ["src-addr", source?.address],
    ["dst-addr", destination?.address],
    ["service", service],
    ["proxy-name", proxy],
  ];
}

/** linkerd's unit: latencies within a machine are fractions of a millisecond. */
const micros = (ms: number): string => `${Math.round(ms * 1000)}us`;

/** One object a line. JSON leaves some characters that would break a terminal; they are escaped. */
export function requestJson(request: TappedRequest): string {
  return JSON.stringify(request).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
