// What a line that the pilot or a proxy printed means to the person who runs `up`: what is wrong must not stay in a log.

export type PilotLine =
  | { readonly kind: "ready" }
  /** Something is wrong: with the configuration, or between the pilot and a proxy. */
  | {
      readonly kind: "problem";
      readonly severity: "error" | "warning";
      readonly part: "config" | "pilot";
      readonly text: string;
    }
  /** A mistake in the configuration is gone. */
  | { readonly kind: "mended"; readonly text: string }
  /** For those who want to see everything. */
  | { readonly kind: "detail" };

/** [time][level][component] message, as io/bun/log.ts writes it. */
const LOG_LINE = /^\[[^\]]*\]\[(\w+)\]\[[\w.-]+\] (.*)$/;
/** The same, and Envoy's own: [time][thread][level][logger] [file:line] message. */
const PROXY_ERROR = /^\[[^\]]*\](?:\[\d+\])?\[(?:error|critical)\]\[[^\]]*\] (?:\[[^\]]*\] )?(.*)$/;
/** file:line:column, which begins every problem of a configuration (`formatProblem`). */
const POSITION = /^[^\s:][^:]*:\d+:\d+: /;
const MENDED = "mended: ";

export function readPilotLine(line: string, stream: "stdout" | "stderr"): PilotLine {
  const match = LOG_LINE.exec(line);
  if (line.trim() === "") return { kind: "detail" };
  if (match === null) {
    if (stream === "stdout")
      return line.startsWith("ready ") ? { kind: "ready" } : { kind: "detail" };
    // Not its log: it cannot listen, or it crashes.
    return { kind: "problem", severity: "error", part: "pilot", text: line };
  }
  const [, level, text = ""] = match;
  if (level === "info" && text.startsWith(MENDED)) {
    return { kind: "mended", text: text.slice(MENDED.length) };
  }
  if (level !== "warning" && level !== "error" && level !== "critical") return { kind: "detail" };
  return {
    kind: "problem",
    severity: level === "warning" ? "warning" : "error",
    part: POSITION.test(text) ? "config" : "pilot",
    text,
  };
}

/** What went wrong in a proxy; undefined for every other line. Envoy's warnings are about its own configuration, made here. */
export function readProxyError(line: string): string | undefined {
  return PROXY_ERROR.exec(line)?.[1];
}
