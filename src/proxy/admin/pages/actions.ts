// Pages that change something; only POST reaches them.
import { LOG_LEVELS, type LogLevel } from "#base/log.ts";
import { type AdminResponse, textResponse } from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";

type Parameters = ReadonlyMap<string, string>;

const OK: AdminResponse = textResponse("OK\n");

export function failHealthChecksPage({ actions }: AdminState): AdminResponse {
  actions.failHealthChecks();
  return OK;
}

export function passHealthChecksPage({ actions }: AdminState): AdminResponse {
  actions.passHealthChecks();
  return OK;
}

export function resetCountersPage({ stats }: AdminState): AdminResponse {
  stats.resetCounters();
  return OK;
}

export function drainListenersPage({ actions }: AdminState, parameters: Parameters): AdminResponse {
  actions.drainListeners({
    isGraceful: parameters.has("graceful"),
    skipExit: parameters.has("skip_exit"),
    inboundOnly: parameters.has("inboundonly"),
  });
  return OK;
}

export function quitPage({ actions }: AdminState): AdminResponse {
  actions.quit();
  return OK;
}

export function reopenLogsPage({ actions }: AdminState): AdminResponse {
  const failures = actions.reopenLogs();
  return failures.length === 0 ? OK : textResponse(`${failures.join("\n")}\n`, 500);
}

const LOGGING_USAGE = `usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
levels: ${LOG_LEVELS.join(" ")}
`;

/** No parameter lists the levels; `level`, `paths` or a logger's name changes them, all or nothing. */
export function loggingPage({ actions }: AdminState, parameters: Parameters): AdminResponse {
  const changes = parseLoggingChanges(parameters);
  const known = new Set(actions.loggers().map(({ name }) => name));
  const isWrong = changes.some(
    ({ logger, level }) => level === undefined || (logger !== undefined && !known.has(logger)),
  );
  if (isWrong) {
    return textResponse(
      `error: unknown logger or level\n\n${LOGGING_USAGE}${listLoggers(actions.loggers())}`,
      400,
    );
  }
  for (const { logger, level } of changes) {
    if (level !== undefined) actions.setLogLevel(level, logger);
  }
  return textResponse(listLoggers(actions.loggers()));
}

interface LoggingChange {
  /** undefined: all. */
  readonly logger: string | undefined;
  /** undefined: no level of that name. */
  readonly level: LogLevel | undefined;
}

function parseLoggingChanges(parameters: Parameters): LoggingChange[] {
  return [...parameters].flatMap(([name, value]): LoggingChange[] => {
    // The home page's form sends every field, also those left empty.
    if (value === "" && (name === "level" || name === "paths")) return [];
    if (name === "level") return [{ logger: undefined, level: levelOf(value) }];
    if (name !== "paths") return [{ logger: name, level: levelOf(value) }];
    return value.split(",").map((pair) => {
      const [logger = "", level = ""] = pair.split(":");
      return { logger, level: levelOf(level) };
    });
  });
}

function levelOf(text: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === text);
}

function listLoggers(
  loggers: readonly { readonly name: string; readonly level: LogLevel }[],
): string {
  const lines = loggers.map(({ name, level }) => `  ${name}: ${level}\n`);
  return `active loggers:\n${lines.join("")}\n`;
}
