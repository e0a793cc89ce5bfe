// The HTTP stream port on node:http: responses that go on for as long as somebody listens.
import { request as sendRequest } from "node:http";
import type { HttpStreamStart, HttpStreams } from "#base/http-client.ts";

/** Of an answer that says no: enough for its sentence. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export const systemHttpStreams: HttpStreams = {
  open: ({ method, url, headers, body, timeoutMs }, onChunk) => {
    let start: (start: HttpStreamStart) => void = () => {};
    let end: (end: { readonly reason: string | undefined }) => void = () => {};
    const started = new Promise<HttpStreamStart>((resolve) => {
      start = resolve;
    });
    const ended = new Promise<{ readonly reason: string | undefined }>((resolve) => {
      end = resolve;
    });
    let isClosed = false;
    const finish = (reason: string | undefined): void => {
      isClosed = true;
      clearTimeout(timer);
      start({ kind: "failed", reason: reason ?? "closed" });
      end({ reason });
    };
    const outgoing = sendRequest(
      url,
      { method, agent: false, headers: { connection: "close", ...headers } },
      (incoming) => {
        clearTimeout(timer);
        const status = incoming.statusCode ?? 0;
        const refusal: Buffer[] = [];
        let refusalBytes = 0;
        if (status < 300) start({ kind: "open" });
        incoming.on("data", (chunk: Buffer) => {
          if (isClosed) return;
          if (status < 300) {
            onChunk(chunk);
          } else if (refusalBytes < MAX_REFUSAL_BYTES) {
            refusal.push(chunk);
            refusalBytes += chunk.length;
          }
        });
        const isOver = (reason: string | undefined): void => {
          const text = Buffer.concat(refusal).toString("utf8");
          if (status >= 300) start({ kind: "refused", status, body: text });
          finish(reason);
        };
        incoming.on("end", () => isOver(undefined));
        incoming.on("error", (error) => isOver(error.message));
        incoming.on("close", () => isOver("the connection was closed"));
      },
    );
    const timer = setTimeout(() => {
      finish(`no answer within ${timeoutMs} ms`);
      outgoing.destroy();
    }, timeoutMs);
    outgoing.on("error", (error) => finish(error.message));
    outgoing.end(body);
    return {
      started,
      ended,
      close: () => {
        finish(undefined);
        outgoing.destroy();
      },
    };
  },
};
