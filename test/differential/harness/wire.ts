// Reads HTTP/1.1 messages off recorded bytes, strictly and on its own: what both proxies sent is judged by neither's codec.

/** One message as it stood on the wire. Bytes are latin1 text. */
export interface WireMessage {
  /** Start line and fields, without the blank line. */
  readonly head: string;
  /** The body without its framing. */
  readonly body: string;
  /** Lines after the last chunk. */
  readonly trailers: readonly string[];
  readonly framing: "none" | "length" | "chunked" | "untilClose" | "tunnel";
  /** false: the connection ended, or the bytes stopped, in the middle of it. */
  readonly isComplete: boolean;
}

export interface WireReading {
  readonly messages: readonly WireMessage[];
  /** Offset after the last complete message. */
  readonly end: number;
  /** Why bytes after `end` cannot be a message. */
  readonly problem: string | undefined;
}

export const statusOf = (message: WireMessage): number => Number(message.head.slice(9, 12));

export const isInformational = (message: WireMessage): boolean => {
  const status = statusOf(message);
  return status >= 100 && status < 200 && status !== 101;
};

/** Values of a field, in order. */
export function fieldValues(message: WireMessage, name: string): string[] {
  return message.head
    .split("\r\n")
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

export const closesConnection = (message: WireMessage): boolean =>
  message.framing === "untilClose" ||
  fieldValues(message, "connection").some((value) => value.toLowerCase() === "close");

export function readRequests(bytes: Buffer, hasEnded: boolean): WireReading {
  return read(bytes, hasEnded, (head) => {
    const isUpgrade = /^upgrade:/im.test(head) || head.startsWith("CONNECT ");
    return isUpgrade ? "tunnel" : (framingByFields(head) ?? "none");
  });
}

/** `methods`: of the requests that the responses answer, in order; GET where it is shorter. */
export function readResponses(
  bytes: Buffer,
  methods: readonly string[],
  hasEnded: boolean,
): WireReading {
  let answered = 0;
  return read(bytes, hasEnded, (head) => {
    const status = Number(head.slice(9, 12));
    if (status >= 100 && status < 200 && status !== 101) return "none";
    const method = methods[answered++] ?? "GET";
    if (status === 101 || (method === "CONNECT" && status < 300)) return "tunnel";
    if (method === "HEAD" || status === 204 || status === 304) return "none";
    return framingByFields(head) ?? "untilClose";
  });
}

function framingByFields(head: string): "length" | "chunked" | undefined {
  if (/^transfer-encoding: chunked$/im.test(head)) return "chunked";
  return /^content-length: \d+$/im.test(head) ? "length" : undefined;
}

function read(
  bytes: Buffer,
  hasEnded: boolean,
  framingOf: (head: string) => WireMessage["framing"],
): WireReading {
  const messages: WireMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd < 0) return { messages, end: at, problem: "no end of the head" };
    const head = bytes.toString("latin1", at, headEnd);
    if (/[^\r]\n|\r[^\n]/.test(head))
      return { messages, end: at, problem: "bare CR or LF in the head" };
    const framing = framingOf(head);
    const part = readBody(bytes, headEnd + 4, framing, head, hasEnded);
    if (typeof part === "string") return { messages, end: at, problem: part };
    messages.push({ head, framing, ...part });
    if (!part.isComplete) return { messages, end: at, problem: undefined };
    at = part.end;
  }
  return { messages, end: at, problem: undefined };
}

type Body = Pick<WireMessage, "body" | "trailers" | "isComplete"> & { readonly end: number };

function readBody(
  bytes: Buffer,
  start: number,
  framing: WireMessage["framing"],
  head: string,
  hasEnded: boolean,
): Body | string {
  switch (framing) {
    case "none":
      return { body: "", trailers: [], isComplete: true, end: start };
    case "length": {
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
      const end = Math.min(bytes.length, start + length);
      const body = bytes.toString("latin1", start, end);
      return { body, trailers: [], isComplete: body.length === length, end };
    }
    case "chunked":
      return readChunks(bytes, start);
    case "untilClose":
    case "tunnel": {
      const body = bytes.toString("latin1", start);
      return { body, trailers: [], isComplete: hasEnded, end: bytes.length };
    }
  }
}

function readChunks(bytes: Buffer, start: number): Body | string {
  let at = start;
  let body = "";
  const unfinished = (): Body => ({ body, trailers: [], isComplete: false, end: at });
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return unfinished();
    const line = bytes.toString("latin1", at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) return `chunk size ${JSON.stringify(line)}`;
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    body += bytes.toString("latin1", at, Math.min(at + size, bytes.length));
    if (bytes.length < at + size + 2) return unfinished();
    if (bytes.toString("latin1", at + size, at + size + 2) !== "\r\n")
      return "no CRLF after chunk data";
    at += size + 2;
  }
  const trailers: string[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return unfinished();
    const line = bytes.toString("latin1", at, lineEnd);
    at = lineEnd + 2;
    if (line === "") return { body, trailers, isComplete: true, end: at };
    trailers.push(line);
  }
}
