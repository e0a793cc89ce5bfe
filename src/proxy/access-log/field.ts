// The parts of a log line: literals, and fields that know how to write one value of a stream.
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../stream-info.ts";
import { type ValueMode, writeText } from "./escape.ts";

/** One command operator of a format, ready to run. */
export interface Field {
  /** In typed JSON the value stands without quotes. */
  readonly isNumber: boolean;
  /** Appends the value as `mode` wants it. Returns false, with nothing appended, when there is none ("-" in text, null in JSON). */
  write(info: StreamInfo, out: OutputBuffer, mode: ValueMode): boolean;
}

/** A field of a whole number; `read` returns undefined when there is none. */
export function numberField(read: (info: StreamInfo) => number | undefined): Field {
  return {
    isNumber: true,
    write(info, out) {
      const value = read(info);
      if (value === undefined) return false;
      // Clocks may go back between two processes' records: a duration is never negative in a log.
      out.decimal(value > 0 ? Math.trunc(value) : 0);
      return true;
    },
  };
}

/** A field of text that comes from configuration or from our own words. "" is a value. */
export function textField(read: (info: StreamInfo) => string | undefined): Field {
  return {
    isNumber: false,
    write(info, out, mode) {
      const value = read(info);
      if (value === undefined) return false;
      writeText(out, value, mode);
      return true;
    },
  };
}

/** Accepted, and never known here: what TLS, tracing or metadata would tell. */
export const UNSET_FIELD: Field = { isNumber: false, write: () => false };
