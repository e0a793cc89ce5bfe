// What the decoders ask of a start line, whichever role's it is.
import type { ProtocolError } from "../protocol-error.ts";

/** Outcomes of `StartLine.parse` other than the position behind the line. */
export const LINE_INCOMPLETE = -1;
export const LINE_FAILED = -2;

export interface StartLine {
  /** Parses the line at `at`; returns where the next one begins, LINE_INCOMPLETE, or LINE_FAILED with `error` set. */
  parse(bytes: Uint8Array, at: number, end: number): number;
  error: ProtocolError | undefined;
}
