// envoy.config.accesslog.v3.AccessLog -> AccessLogConfig: files and the standard streams, their formats checked.
import type { JsonObject } from "@bufbuild/protobuf";
import type { AccessLog } from "#api/envoy/config/accesslog/v3/accesslog_pb.ts";
import type { SubstitutionFormatString } from "#api/envoy/config/core/v3/substitution_format_string_pb.ts";
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from "#api/envoy/extensions/access_loggers/file/v3/file_pb.ts";
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from "#api/envoy/extensions/access_loggers/stream/v3/stream_pb.ts";
import { quoted } from "#base/log.ts";
import { compileFormat } from "../access-log/access-log.ts";
import type { AccessLogConfig } from "./access-log-config.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { Field } from "./field.ts";
import { NO_ENVIRONMENT } from "./no-environment.ts";

type Format = AccessLogConfig["format"];

const DEFAULT: Format = { kind: "default" };

export function readAccessLogs(at: Field, list: readonly AccessLog[]): AccessLogConfig[] {
  return list.map((message, i) => readAccessLog(at.item(i), message));
}

function readAccessLog(at: Field, message: AccessLog): AccessLogConfig {
  const any = message.configType.case === "typedConfig" ? message.configType.value : undefined;
  const typed = at.child("typed_config");
  const file = unpackAs(FileAccessLogSchema, any);
  if (file !== undefined) {
    return { sink: { kind: "file", path: file.path }, format: readFileFormat(typed, file) };
  }
  const stdout = unpackAs(StdoutAccessLogSchema, any);
  const stderr = unpackAs(StderrAccessLogSchema, any);
  const stream = stdout ?? stderr;
  if (stream === undefined) {
    const what = any === undefined ? message.name : typeNameOf(any);
    typed.reject(
      `not supported: access log ${quoted(what)}: use FileAccessLog, StdoutAccessLog or StderrAccessLog`,
    );
    return { sink: { kind: "stdout" }, format: DEFAULT };
  }
  const format = stream.accessLogFormat;
  return {
    sink: { kind: stdout === undefined ? "stderr" : "stdout" },
    format:
      format.case === "logFormat"
        ? readLogFormat(typed.child("log_format"), format.value)
        : DEFAULT,
  };
}

function readFileFormat(at: Field, file: FileAccessLog): Format {
  const { accessLogFormat } = file;
  switch (accessLogFormat.case) {
    case "format":
      return textFormat(at.child("format"), accessLogFormat.value);
    case "typedJsonFormat":
      return jsonFormat(at.child("typed_json_format"), accessLogFormat.value);
    case "jsonFormat":
      at.child("json_format").reject(
        "not supported: values without types: use log_format.json_format",
      );
      return DEFAULT;
    case "logFormat":
      return readLogFormat(at.child("log_format"), accessLogFormat.value);
    default:
      return DEFAULT;
  }
}

function readLogFormat(at: Field, message: SubstitutionFormatString): Format {
  if (message.omitEmptyValues) at.child("omit_empty_values").reject("not supported");
  const { format } = message;
  switch (format.case) {
    case "textFormat":
      return textFormat(at.child("text_format"), format.value);
    case "textFormatSource": {
      const inline = at.child("text_format_source").child("inline_string");
      const { specifier } = format.value;
      if (specifier.case === "inlineString") return textFormat(inline, specifier.value);
      inline.reject("value is required");
      return DEFAULT;
    }
    case "jsonFormat":
      return jsonFormat(at.child("json_format"), format.value);
    default:
      return DEFAULT;
  }
}

/** An empty text means the default line, as in Envoy. */
function textFormat(at: Field, text: string): Format {
  if (text === "") return DEFAULT;
  return checked(at, { kind: "text", format: text });
}

function jsonFormat(at: Field, fields: JsonObject): Format {
  return checked(at, { kind: "json", fields });
}

function checked(at: Field, format: Format): Format {
  const compiled = compileFormat(format, NO_ENVIRONMENT);
  if (compiled.kind === "rejected") {
    (compiled.path === "" ? at : at.child(compiled.path)).reject(compiled.message);
  }
  return format;
}
