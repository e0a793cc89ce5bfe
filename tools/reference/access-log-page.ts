// docs/reference/access-log.md, from the table of command operators in src/proxy/access-log/operators.ts.
import { DEFAULT_FORMAT } from "#proxy/access-log/format.ts";
import {
  FILE_FLUSH_MS,
  FLUSH_BYTES,
  MAX_BACKLOG_BYTES,
  STDOUT_FLUSH_MS,
} from "#proxy/access-log/limits.ts";
import type { Operator } from "#proxy/access-log/operator.ts";
import { UNSET_OPERATORS } from "#proxy/access-log/operators/unset.ts";
import { OPERATORS } from "#proxy/access-log/operators.ts";
import { page, table } from "./markdown.ts";

export function accessLogPage(): string {
  const names = Object.keys(OPERATORS).sort();
  const known = names.filter((name) => !Object.hasOwn(UNSET_OPERATORS, name));
  const unknown = names.filter((name) => OPERATORS[name]?.meaning === "Never known here");
  const constant = names.filter(
    (name) => Object.hasOwn(UNSET_OPERATORS, name) && !unknown.includes(name),
  );
  return page(
    "Access log",
    `Formats are Envoy's. An operator is \`%NAME%\`, \`%NAME(parameter)%\`, and where the table says so \`%NAME:Z%\`: at most Z bytes. \`%%\` is a percent sign. What is
not known is \`-\`, and \`null\` in a JSON format where the operator stands alone; there numbers stay numbers, and keys are sorted. A wrong format is
refused with the listener, naming the position.`,
    [
      `## The default format\n\n\`\`\`\n${DEFAULT_FORMAT}\`\`\``,
      `## When lines are written\n\nA file is written when ${FLUSH_BYTES / 1024} KiB have gathered or after ${FILE_FLUSH_MS / 1000} s, stdout and stderr after ${STDOUT_FLUSH_MS / 1000} s. Requests never wait: once ${MAX_BACKLOG_BYTES / 1024 / 1024} MiB were not taken by the system,
lines are dropped and counted in \`filesystem.write_failed\`. \`POST /reopen_logs\` opens files anew, for log rotation.`,
      `## Where this differs from Envoy\n\n- In text formats, quotes, backslashes and control characters in what a peer sent are escaped as in JSON. Envoy writes them raw, so that a quote
  in a User-Agent can pass for the end of its field, and \`%0a\` in a query (\`QUERY_PARAM\` decodes it) for the end of the line.
- Local time (\`START_TIME_LOCAL\`, \`EMIT_TIME_LOCAL\`) is UTC.
- \`CEL\` and \`STREAM_INFO_REQ\` are not known.`,
      `## Operators\n\n${table(["operator", "length", "meaning"], known.map(row))}`,
      `## Always the same\n\n${table(["operator", "length", "meaning"], constant.map(row))}`,
      `## Accepted, never known here\n\nWhat TLS, tracing, metadata or filter state would say: ${unknown.map((name) => `\`${name}\``).join(", ")}.`,
    ],
  );
}

function row(name: string): string[] {
  const operator = OPERATORS[name];
  return [
    `\`${name}${operator === undefined ? "" : parameterText(operator)}\``,
    operator?.takesLength ? "`:Z`" : "",
    operator?.meaning ?? "",
  ];
}

function parameterText({ parameter }: Operator): string {
  switch (parameter) {
    case "none":
      return "";
    case "required":
      return "(…)";
    case "optional":
      return "[(…)]";
  }
}
