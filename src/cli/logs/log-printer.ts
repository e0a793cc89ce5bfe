// Lines of several logs on one terminal: each behind its part's name, in its part's colour; or one JSON object a line.
import pc from "picocolors";
import type { Terminal } from "#base/terminal.ts";
import { plain } from "../shell/plain.ts";
import type { MeshPart } from "../up/run-directory.ts";
import type { LogLine, TimedLine } from "./log-line.ts";

/** Longer lines are cut for people; JSON has them whole. */
const MAX_SHOWN_CHARACTERS = 16 * 1024;

export interface PrinterOptions {
  readonly format: "table" | "json";
  readonly hasTimestamps: boolean;
  /** The part's name before each line. */
  readonly hasPrefix: boolean;
}

type Paint = (text: string) => string;

/** "reviews-v1-1", "reviews-v1-1 sidecar" */
export function labelOf({ name, kind }: Pick<MeshPart, "name" | "kind">): string {
  return kind === "sidecar" || kind === "hostSidecar" ? `${name} sidecar` : name;
}

export class LogPrinter {
  readonly #terminal: Terminal;
  readonly #options: PrinterOptions;
  readonly #paints: readonly Paint[];
  readonly #dim: Paint;
  readonly #paintOf = new Map<string, Paint>();
  #width = 0;

  constructor(terminal: Terminal, options: PrinterOptions) {
    const { cyan, yellow, green, magenta, blue, red, dim } = pc.createColors(terminal.hasColor);
    this.#terminal = terminal;
    this.#options = options;
    this.#paints = [cyan, yellow, green, magenta, blue, red];
    this.#dim = dim;
  }

  /** Names are aligned to the longest that was seen. */
  addPart(part: MeshPart): void {
    this.#width = Math.max(this.#width, labelOf(part).length);
  }

  print(lines: readonly TimedLine[]): void {
    this.#terminal.write(lines.map((line) => `${this.#format(line)}\n`).join(""));
  }

  #format({ time, part, kind, stream, message }: TimedLine): string {
    const { format, hasPrefix, hasTimestamps } = this.#options;
    if (format === "json") {
      return JSON.stringify({ time, part, kind, stream, message } satisfies LogLine);
    }
    // A tab is no danger; what is left could move the cursor.
    const text = plain(message.replaceAll("\t", "  "), MAX_SHOWN_CHARACTERS);
    const label = labelOf({ name: part, kind });
    const prefix = hasPrefix ? `${this.#paint(part)(label.padEnd(this.#width))} ` : "";
    return `${prefix}${hasTimestamps ? `${this.#dim(time)} ` : ""}${text}`;
  }

  /** A part keeps its colour; there are more parts than colours. */
  #paint(part: string): Paint {
    const found = this.#paintOf.get(part);
    if (found !== undefined) return found;
    const paint = this.#paints[this.#paintOf.size % this.#paints.length] ?? this.#dim;
    this.#paintOf.set(part, paint);
    return paint;
  }
}
