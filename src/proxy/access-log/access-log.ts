// One access log of a listener: a compiled format and the sink that its lines go to.
import type { AccessLogConfig } from "../config/access-log-config.ts";
import type { Parsed } from "../config/parsed.ts";
import type { StreamInfo } from "../stream-info.ts";
import { compileJson, compileText, DEFAULT_FORMAT, type Format } from "./format.ts";
import type { LogSink, LogSinks } from "./log-sinks.ts";
import type { FormatEnvironment } from "./operator.ts";

export interface AccessLogPorts {
  readonly sinks: LogSinks;
  readonly environment: FormatEnvironment;
}

export class AccessLog {
  readonly #format: Format;
  readonly #sink: LogSink;

  constructor(format: Format, sink: LogSink) {
    this.#format = format;
    this.#sink = sink;
  }

  /** Appends one line. Never waits and never throws; `info` is only read now. */
  write(info: StreamInfo): void {
    const sink = this.#sink;
    if (!sink.startLine()) return;
    this.#format.write(info, sink.buffer);
    sink.lineWritten();
  }
}

/** Compiles a format alone: what a listener's parser asks, to refuse a wrong one with its path and position. */
export function compileFormat(
  format: AccessLogConfig["format"],
  environment: FormatEnvironment,
): Parsed<Format> {
  switch (format.kind) {
    case "default":
      return compileText(DEFAULT_FORMAT, environment);
    case "text":
      return compileText(format.format, environment);
    case "json":
      return compileJson(format.fields, environment);
  }
}

/** The access log, or why there cannot be one: a wrong format, a file that cannot be opened. */
export function createAccessLog(config: AccessLogConfig, ports: AccessLogPorts): Parsed<AccessLog> {
  const format = compileFormat(config.format, ports.environment);
  if (format.kind === "rejected") return format;
  const path = config.sink.kind === "file" ? config.sink.path : `/dev/${config.sink.kind}`;
  const sink = ports.sinks.open(path);
  if ("kind" in sink) {
    const message = `Cannot open access log "${path}": ${sink.reason}`;
    return { kind: "rejected", path: "path", message };
  }
  return { kind: "parsed", value: new AccessLog(format.value, sink) };
}
