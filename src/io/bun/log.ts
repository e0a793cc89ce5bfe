// The Log port: one line a message on stderr, in Envoy's shape: [time][level][component] message key=value.
import type { Log, LogFields, LogLevel } from "#base/log.ts";
import { LOG_LEVELS, quoted } from "#base/log.ts";

function formatFields(fields: LogFields | undefined): string {
  if (fields === undefined) return "";
  let text = "";
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    text += ` ${key}=${typeof value === "string" ? quoted(value, 2_000) : value}`;
  }
  return text;
}

/** A log that writes lines of `level` and above; a function is asked at each line, for levels that change while running. */
export function createLog(
  level: LogLevel | (() => LogLevel),
  component = "main",
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const threshold = typeof level === "function" ? level : () => level;
  const line = (rank: number, name: string, message: string, fields?: LogFields): void => {
    if (rank < LOG_LEVELS.indexOf(threshold())) return;
    write(
      `[${new Date().toISOString()}][${name}][${component}] ${message}${formatFields(fields)}\n`,
    );
  };
  return {
    debug: (message, fields) => line(1, "debug", message, fields),
    info: (message, fields) => line(2, "info", message, fields),
    warning: (message, fields) => line(3, "warning", message, fields),
    error: (message, fields) => line(4, "error", message, fields),
    child: (name) => createLog(level, name, write),
  };
}
