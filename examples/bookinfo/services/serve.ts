// What the four services share: their address from the environment, JSON answers that name the instance, trace headers passed on.

/** HOST and PORT come from whoever starts the service: `sampan up`, or you. */
export const host: string = process.env["HOST"] ?? "127.0.0.1";
export const port: number = Number(process.env["PORT"] ?? 9080);
/** The instance that answers, so that a reader of the answer sees where it came from. */
export const podname: string = process.env["SAMPAN_INSTANCE"] ?? `${host}:${port}`;

/** Headers that a service passes on so that one request stays one: its id, its trace, and the signed-in user. */
const PASSED_ON = [
  "x-request-id",
  "traceparent",
  "tracestate",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-sampled",
  "end-user",
  "user-agent",
] as const;

export function passedOn(request: Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

export type Handler = (request: Request, url: URL) => Response | Promise<Response>;

/** Serves until the process is told to stop, then finishes what runs. */
export function serve(name: string, handler: Handler): void {
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: 120,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === "/health") return Response.json({ status: "healthy" });
      return await handler(request, url);
    },
    error: (error) => {
      console.error(`${name}: ${error.message}`);
      return Response.json({ error: "internal error" }, { status: 500 });
    },
  });
  const stop = (): void => {
    server.stop(false).finally(() => process.exit(0));
    setTimeout(() => process.exit(0), 2_000).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  console.log(`${name} ${podname} serves on ${host}:${port}`);
}

/** The number in `/reviews/0`; undefined when the path is another. */
export function productId(url: URL, resource: string): number | undefined {
  const match = new RegExp(`^/${resource}/(\\d{1,6})$`).exec(url.pathname);
  return match === null ? undefined : Number(match[1]);
}

export const notFound = (): Response => Response.json({ error: "not found" }, { status: 404 });
