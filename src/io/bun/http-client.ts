// The HTTP client port on node:http, which, unlike fetch, never takes a proxy from the environment.
import { type IncomingMessage, request as sendRequest } from "node:http";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";

/** Control answers are small; the rest of a longer one is dropped. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Of a header that came several times: its values as one list. */
function plainHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return headers;
}

export const systemHttpClient: HttpClient = {
  request: ({ method, url, headers, body, timeoutMs }) =>
    new Promise<HttpAnswer>((resolve) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const fail = (error: Error): void => {
        const reason = signal.aborted ? `no answer within ${timeoutMs} ms` : error.message;
        resolve({ kind: "failed", reason });
      };
      const outgoing = sendRequest(
        url,
        {
          method,
          agent: false, // a connection for each request: one that is just closing would fail the next
          headers: { connection: "close", ...headers },
          signal,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          let length = 0;
          incoming.on("data", (chunk: Buffer) => {
            length += chunk.length;
            if (length <= MAX_ANSWER_BYTES) chunks.push(chunk);
          });
          incoming.on("end", () =>
            resolve({
              kind: "answered",
              status: incoming.statusCode ?? 0,
              body: Buffer.concat(chunks).toString("utf8"),
              headers: plainHeaders(incoming),
            }),
          );
          incoming.on("error", fail);
        },
      );
      outgoing.on("error", fail);
      outgoing.end(body);
    }),
};
