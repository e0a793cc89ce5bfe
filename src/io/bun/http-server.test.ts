import { afterAll, beforeAll, expect, test } from "bun:test";
import { jsonResponse } from "#base/http-service.ts";
import type { Listening } from "#base/net.ts";
import { serveHttp } from "./http-server.ts";

let server: Listening;

beforeAll(() => {
  const started = serveHttp({ host: "127.77.51.1", port: 0 }, (request) => {
    if (request.path === "/bug") throw new Error("secret words");
    const { method, path, body } = request;
    return jsonResponse({ method, path, query: request.query.get("q"), body }, 201);
  });
  if ("code" in started) throw new Error(started.message);
  server = started;
});
afterAll(() => server.close());

/** The whole answer to raw bytes. */
async function answer(request: string): Promise<string> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    Bun.connect({
      hostname: server.address.host,
      port: server.address.port,
      socket: {
        open: (socket) => void socket.write(request),
        data: (_socket, bytes) => {
          text += bytes.toString();
        },
        close: () => resolve(),
        error: (_socket, error) => reject(error),
      },
    }).catch(reject);
  });
  return text;
}

const get = (path: string, host: string): Promise<string> =>
  answer(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

test("method, path, query and body reach the service, and its answer the client", async () => {
  const url = `http://${server.address.host}:${server.address.port}/a%20b?q=1`;
  const response = await fetch(url, { method: "PUT", body: "text" });
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({
    method: "PUT",
    path: "/a%20b",
    query: "1",
    body: "text",
  });
});

test.each(["127.77.51.1", "127.0.0.1:80", "localhost:8080", "[::1]:80"])(
  "Host %s is ours",
  async (host) => {
    expect(await get("/", host)).toStartWith("HTTP/1.1 201");
  },
);

test.each(["evil.example", "localhost.evil.example"])(
  "a name that somebody pointed at us is refused: %s",
  async (host) => {
    expect(await get("/", host)).toStartWith("HTTP/1.1 403");
  },
);

test.each(["a b", "[", "%"])("a Host that is no host is answered, not thrown: %j", async (host) => {
  expect(await get("/", host)).toMatch(/^HTTP\/1\.1 40[03]/);
});

test("a bug of ours shows the client nothing of itself", async () => {
  const text = await get("/bug", "127.77.51.1");
  expect(text).toStartWith("HTTP/1.1 500");
  expect(text).not.toContain("secret");
});
