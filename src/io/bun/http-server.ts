// Serves an HttpService on Bun's HTTP server.
import type { HttpService } from "#base/http-service.ts";
import type { Listening, SocketAddress, SocketError } from "#base/net.ts";

/** A control request is a small document; more is a mistake or an attack. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const IDLE_TIMEOUT_S = 60;

export function serveHttp(address: SocketAddress, service: HttpService): Listening | SocketError {
  try {
    const server = Bun.serve({
      hostname: address.host,
      port: address.port,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: IDLE_TIMEOUT_S,
      async fetch(request) {
        const url = new URL(request.url);
        const { status, contentType, body } = service({
          method: request.method,
          path: url.pathname,
          query: url.searchParams,
          body: await request.text(),
        });
        return new Response(body, {
          status,
          headers: {
            "content-type": contentType,
            "cache-control": "no-cache, max-age=0",
            "x-content-type-options": "nosniff",
          },
        });
      },
    });
    return {
      address: { host: address.host, port: server.port ?? address.port },
      close: () => {
        server.stop(true).catch(() => {});
      },
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { code: code ?? "EUNKNOWN", message: message ?? String(error) };
  }
}
