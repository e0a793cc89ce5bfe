// Serves an HttpService on Bun's HTTP server.
import { isIP } from "node:net";
import { type HttpService, type HttpServiceResponse, textResponse } from "#base/http-service.ts";
import type { Listening, SocketAddress, SocketError } from "#base/net.ts";

/** A control request is a small document; more is a mistake or an attack. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const IDLE_TIMEOUT_S = 60;

function targetOf(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined; // a Host that is no host
  }
}

/** A literal address, `localhost`, or the name that the server was told to listen on. */
function isOwnName(hostname: string, listening: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === listening ||
    isIP(hostname.replace(/^\[|\]$/g, "")) !== 0
  );
}

function respond({ status, contentType, headers, body }: HttpServiceResponse): Response {
  return new Response(body, {
    status,
    headers: {
      ...headers,
      "content-type": contentType,
      "cache-control": "no-cache, max-age=0",
      "x-content-type-options": "nosniff",
    },
  });
}

export function serveHttp(address: SocketAddress, service: HttpService): Listening | SocketError {
  try {
    const server = Bun.serve({
      hostname: address.host,
      port: address.port,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: IDLE_TIMEOUT_S,
      development: false, // its error page shows source and paths
      async fetch(request) {
        const target = targetOf(request.url);
        if (target === undefined) return respond(textResponse("Bad Request\n", 400));
        // A page in a browser that was told that its own name is our address must not read or change anything here.
        if (!isOwnName(target.hostname, address.host)) {
          return respond(textResponse("Host is not an address of this server\n", 403));
        }
        return respond(
          await service({
            method: request.method,
            path: target.pathname,
            query: target.searchParams,
            headers: Object.fromEntries(request.headers),
            body: await request.text(),
          }),
        );
      },
      error: () => respond(textResponse("Internal Server Error\n", 500)),
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
