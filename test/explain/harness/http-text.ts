// HTTP/1.1 in as few lines as an honest client and an echoing origin need: requests without bodies, answers with a length.
import type { ExplainedRequest } from "#explain/explain.ts";

const CRLF = "\r\n";

/** A proxy client says the whole URL, as RFC 9112 section 3.2.2 wants. */
export function requestText(request: ExplainedRequest, extra: readonly string[] = []): string {
  const { method, scheme, authority, path, headers, entrance } = request;
  const target = entrance.kind === "httpProxy" ? `${scheme}://${authority}${path}` : path;
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  return [
    `${method} ${target} HTTP/1.1`,
    `host: ${authority}`,
    ...fields,
    ...extra,
    "content-length: 0",
    "",
    "",
  ].join(CRLF);
}

/** What an origin answers: who it is, and the request as it came. */
export function echoText(origin: string, head: string, status: string): string {
  return [
    `HTTP/1.1 ${status}`,
    `x-origin: ${origin}`,
    "x-group: of the origin",
    `content-length: ${Buffer.byteLength(head, "latin1")}`,
    "",
    head,
  ].join(CRLF);
}

export interface AnswerText {
  readonly status: number;
  /** "name: value", names in lower case. */
  readonly fields: readonly string[];
  readonly body: string;
  /** Characters of it all. */
  readonly length: number;
  readonly closes: boolean;
}

export const fieldOf = (fields: readonly string[], name: string): string | undefined =>
  fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);

export function fieldsOf(head: string): string[] {
  return head
    .split(CRLF)
    .slice(1)
    .filter((field) => field !== "")
    .map((field) => {
      const colon = field.indexOf(":");
      return `${field.slice(0, colon).toLowerCase()}: ${field.slice(colon + 1).trim()}`;
    });
}

/** The first whole answer in `text`; undefined while it is not all there. */
export function parseAnswer(text: string): AnswerText | undefined {
  const end = text.indexOf(CRLF + CRLF);
  if (end === -1) return undefined;
  const head = text.slice(0, end);
  const fields = fieldsOf(head);
  const start = end + 4;
  const closes = fieldOf(fields, "connection") === "close";
  const status = Number(head.slice(9, 12));
  const rest = { status, fields, closes };
  if (fieldOf(fields, "transfer-encoding") === "chunked") {
    const body = unchunk(text, start);
    return body === undefined ? undefined : { ...rest, ...body };
  }
  const size = Number(fieldOf(fields, "content-length") ?? 0);
  if (text.length < start + size) return undefined;
  return { ...rest, body: text.slice(start, start + size), length: start + size };
}

function unchunk(text: string, start: number): { body: string; length: number } | undefined {
  let at = start;
  let body = "";
  for (;;) {
    const lineEnd = text.indexOf(CRLF, at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
    if (size === 0) return { body, length: at };
  }
}
