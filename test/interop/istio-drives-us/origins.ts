// The services of the mesh, one address for each version; each answers who it is and what it was asked.

interface Seen {
  readonly by: string;
  readonly host: string;
  readonly path: string;
}

/** Address -> service and version, as mesh.yaml has them. */
export const ORIGINS: Readonly<Record<string, string>> = {
  "127.77.60.11": "productpage-v1",
  "127.77.60.21": "details-v1",
  "127.77.60.22": "details-v2",
  "127.77.60.31": "reviews-v1",
  "127.77.60.32": "reviews-v2",
  "127.77.60.33": "reviews-v3",
  "127.77.60.41": "ratings-v1",
  "127.77.60.42": "ratings-v2",
  "127.77.60.61": "shops-v1",
};

/** What an origin says of a request; headers that a proxy may change or add. */
export interface Echo {
  readonly by: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

const ECHOED = ["x-set", "x-add", "x-remove", "x-forwarded-proto"];
/** Longer than the timeout of the route to /slow. */
const SLOW_MS = 600;

export class Origins {
  readonly port: number;
  /** Every request, in the order of arrival. */
  readonly seen: Seen[] = [];
  readonly #servers: Bun.Server<undefined>[] = [];
  /** `x-key` of a request to /flaky -> how often it came. */
  readonly #tries = new Map<string, number>();

  constructor() {
    let port = 0;
    for (const [hostname, by] of Object.entries(ORIGINS)) {
      const server = Bun.serve({
        hostname,
        port,
        fetch: (request) => this.#answer(by, request),
      });
      port = server.port ?? 0;
      this.#servers.push(server);
    }
    this.port = port;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }

  async #answer(by: string, request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const path = pathname + search;
    const host = request.headers.get("host") ?? "";
    this.seen.push({ by, host, path });
    if (pathname.startsWith("/slow")) await Bun.sleep(SLOW_MS);
    const headers: Record<string, string> = {};
    for (const name of ECHOED) headers[name] = request.headers.get(name) ?? "";
    const echo: Echo = { by, path, host, headers };
    return Response.json(echo, {
      status: pathname.startsWith("/flaky") ? this.#flaky(request) : 200,
      headers: { "x-origin": by, "x-answer": "original" },
    });
  }

  /** The third try succeeds, but for the key "always". */
  #flaky(request: Request): number {
    const key = request.headers.get("x-key") ?? "";
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return tries >= 3 && key !== "always" ? 200 : 503;
  }
}
