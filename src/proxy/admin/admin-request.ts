// The admin interface's requests and responses, free of HTTP: the listener in front turns bytes into these.

export interface AdminRequest {
  readonly method: string;
  /** Without the query: "/stats". */
  readonly path: string;
  /** Without the question mark; "" when there is none. */
  readonly query: string;
}

export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  /** To be sent in UTF-8. */
  readonly body: string;
}

/** A response that goes on until the client leaves. */
export interface AdminStream {
  readonly contentType: string;
  /** The client has left. */
  close(): void;
}

/** The client's end of such a response. */
export interface AdminStreamOut {
  /** false: the client does not read what it was sent, and `text` was not taken. */
  write(text: string): boolean;
}

/** Sent with every admin response, beside content-type, date and server. */
export const ADMIN_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["cache-control", "no-cache, max-age=0"],
  ["x-content-type-options", "nosniff"],
];

export const TEXT = "text/plain; charset=UTF-8";
export const HTML = "text/html; charset=UTF-8";
export const JSON_TYPE = "application/json";

export function textResponse(body: string, status = 200): AdminResponse {
  return { status, contentType: TEXT, body };
}

/** JSON as Envoy lays it out: one space a level, a new line at the end. */
export function jsonResponse(value: unknown): AdminResponse {
  return { status: 200, contentType: JSON_TYPE, body: `${JSON.stringify(value, null, 1)}\n` };
}

/** Parameters by name; the first of a name counts. A parameter without "=" is "". */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (!parameters.has(name)) {
      parameters.set(name, equals === -1 ? "" : decode(part.slice(equals + 1)));
    }
  }
  return parameters;
}

/** What is not percent-encoded UTF-8 is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
