// Short ways to write requests and responses as bytes.

/** `request("GET /x", ["A: 1"], "body")`: Host h, HTTP/1.1, nothing added for the body. */
export const request = (line: string, fields: readonly string[] = [], body = ""): string =>
  head(`${line} HTTP/1.1`, ["Host: h", ...fields]) + body;

export const get = (path: string, fields: readonly string[] = []): string =>
  request(`GET ${path}`, fields);

/** Start line and fields as they stand, with the blank line. */
export const head = (line: string, fields: readonly string[]): string =>
  `${[line, ...fields].join("\r\n")}\r\n\r\n`;

export const post = (path: string, body: string, fields: readonly string[] = []): string =>
  request(`POST ${path}`, [...fields, `Content-Length: ${body.length}`], body);

export const postChunked = (path: string, chunks: string, fields: readonly string[] = []): string =>
  request(`POST ${path}`, [...fields, "Transfer-Encoding: chunked"], chunks);

/** A response with this status and Content-Length. */
export const response = (status: string, body = "", fields: readonly string[] = []): string =>
  head(`HTTP/1.1 ${status}`, [...fields, `content-length: ${body.length}`]) + body;
