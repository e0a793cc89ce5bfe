// The log port: sentences for people, with fields beside them. Never per request; that is the access log's.

export const LOG_LEVELS = [
  "trace",
  "debug",
  "info",
  "warning",
  "error",
  "critical",
  "off",
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, each line of it marked with the component's name. */
  child(component: string): Log;
}

/** A log that keeps nothing, for tests and for callers that do not care. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warning() {},
  error() {},
  child: () => SILENT_LOG,
};

/**
 * Makes bytes from outside fit for a log line: control characters, quotes and backslashes are escaped, and at most
 * `limit` characters kept, so that no peer can forge a line or flood the log.
 */
export function quoted(text: string, limit = 200): string {
  const kept = text.length > limit ? `${text.slice(0, limit)}…` : text;
  // JSON escapes C0 and quotes; DEL, C1 and the two Unicode line ends can still break a terminal or a line reader.
  return JSON.stringify(kept).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
