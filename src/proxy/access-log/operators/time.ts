// Operators of moments and durations.
import { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { writeBytes } from "../escape.ts";
import { type Field, numberField, UNSET_FIELD } from "../field.ts";
import { type Operator, type Operators, plain } from "../operator.ts";
import { DEFAULT_LOCAL_TIME_FORMAT, DEFAULT_TIME_FORMAT, TimeFormat } from "../time-format.ts";

type Moment = (info: StreamInfo) => number | undefined;

const start: Moment = (info) => info.startMs;

/** Moments that COMMON_DURATION names: DS is downstream, US upstream; RX received, TX sent, CX connected; BEG and END. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  DS_RX_BEG: start,
  DS_RX_END: (info) => info.requestCompleteMs,
  US_TX_BEG: (info) => info.firstUpstreamTxMs,
  US_TX_END: (info) => info.lastUpstreamTxMs,
  US_RX_BEG: (info) => info.firstUpstreamRxMs,
  US_RX_END: (info) => info.lastUpstreamRxMs,
  DS_TX_BEG: (info) => info.firstDownstreamTxMs,
  DS_TX_END: (info) => info.lastDownstreamTxMs,
};

const PER_MS: Readonly<Record<string, number>> = { ms: 1, us: 1000, ns: 1_000_000 };

/** Whole milliseconds are cut, as Envoy does; finer units are rounded, since the clock's doubles are a little off there. */
function duration(from: Moment, to: Moment, factor = 1): Field {
  return numberField((info) => {
    const startMs = from(info);
    const endMs = to(info);
    if (startMs === undefined || endMs === undefined) return undefined;
    return factor === 1 ? endMs - startMs : Math.round((endMs - startMs) * factor);
  });
}

const COMMON_DURATION: Operator = {
  parameter: "required",
  takesLength: false,
  meaning: `Time between two of ${Object.keys(MOMENTS).join(", ")}: START:END:PRECISION, in ms, us or ns`,
  create({ parameter }) {
    const [from = "", to = "", precision = "ms"] = parameter.split(":");
    const factor = PER_MS[precision];
    if (factor === undefined) {
      return `Unknown COMMON_DURATION precision "${precision}": must be ms, us or ns`;
    }
    const [first, second] = [MOMENTS[from], MOMENTS[to]];
    // Envoy takes any name for a moment that a filter may set, and prints "-" when nobody does.
    return first === undefined || second === undefined
      ? UNSET_FIELD
      : duration(first, second, factor);
  },
};

function timeOperator(
  meaning: string,
  fallback: string,
  wallMs: (info: StreamInfo, now: () => number) => number,
): Operator {
  return {
    parameter: "optional",
    takesLength: false,
    meaning,
    create({ parameter, environment }) {
      if (parameter.includes("%n")) return "A time format may not hold %n, which is a new line";
      const format = new TimeFormat(parameter === "" ? fallback : parameter);
      // What the format writes between its numbers is the author's own text, which JSON may want escaped.
      const scratch = /["\\\p{Cc}]/u.test(parameter) ? new OutputBuffer() : undefined;
      return {
        isNumber: false,
        write(info, out, mode) {
          const moment = wallMs(info, environment.wallMs);
          if (scratch === undefined || mode !== "json") {
            format.write(moment, out);
            return true;
          }
          scratch.clear();
          format.write(moment, scratch);
          writeBytes(out, scratch.bytes, scratch.start, scratch.end, mode);
          return true;
        },
      };
    },
  };
}

const started = (info: StreamInfo): number => info.startWallMs;
const emitted = (_info: StreamInfo, now: () => number): number => now();

export const TIME_OPERATORS: Operators = {
  START_TIME: timeOperator("When the request began, in UTC", DEFAULT_TIME_FORMAT, started),
  START_TIME_LOCAL: timeOperator(
    "When the request began; this proxy's local time is UTC",
    DEFAULT_LOCAL_TIME_FORMAT,
    started,
  ),
  EMIT_TIME: timeOperator("When the line is written, in UTC", DEFAULT_TIME_FORMAT, emitted),
  EMIT_TIME_LOCAL: timeOperator(
    "When the line is written; this proxy's local time is UTC",
    DEFAULT_LOCAL_TIME_FORMAT,
    emitted,
  ),
  DURATION: plain(
    "Milliseconds from the first byte received to the last one sent",
    duration(start, (info) => info.endMs ?? info.lastDownstreamTxMs),
  ),
  COMMON_DURATION,
  REQUEST_DURATION: plain(
    "Milliseconds until the whole request was received",
    duration(start, (info) => info.requestCompleteMs),
  ),
  REQUEST_TX_DURATION: plain(
    "Milliseconds until the whole request was sent upstream",
    duration(start, (info) => info.lastUpstreamTxMs),
  ),
  RESPONSE_DURATION: plain(
    "Milliseconds until the first byte of the response came from upstream",
    duration(start, (info) => info.firstUpstreamRxMs),
  ),
  RESPONSE_TX_DURATION: plain(
    "Milliseconds from the first byte of the upstream's response to the last one sent downstream",
    duration(
      (info) => info.firstUpstreamRxMs,
      (info) => info.lastDownstreamTxMs,
    ),
  ),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: plain(
    "Milliseconds until the pool had a connection",
    numberField((info) => info.connectionPoolReadyMs),
  ),
};
