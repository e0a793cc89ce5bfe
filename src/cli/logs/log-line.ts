// A line of a part's log: as it stands in the file (CRI, as container runtimes write it), and as it is shown.
import { parseRfc3339Ms } from "#base/rfc3339.ts";
import type { PartKind } from "../up/run-directory.ts";

/** The shape of a line of `sampan logs -o json`: one object a line. */
export interface LogLine {
  /** RFC 3339, as sampan read the line from the program. */
  readonly time: string;
  readonly part: string;
  readonly kind: PartKind;
  readonly stream: "stdout" | "stderr";
  readonly message: string;
}

export interface TimedLine extends LogLine {
  readonly wallMs: number;
}

/** moment, stream, F, text */
const CRI_LINE = /^(\S{20,40}) (stdout|stderr) F (.*)$/s;

/** undefined: the line is no such thing, cut off in the middle for one. */
export function parseLogLine(
  text: string,
  { name, kind }: { readonly name: string; readonly kind: PartKind },
): TimedLine | undefined {
  const [, time = "", stream, message = ""] = CRI_LINE.exec(text) ?? [];
  const wallMs = parseRfc3339Ms(time);
  if (wallMs === undefined || (stream !== "stdout" && stream !== "stderr")) return undefined;
  return { time, part: name, kind, stream, message, wallMs };
}
