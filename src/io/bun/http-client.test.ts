import { afterEach, expect, test } from "bun:test";
import { systemHttpClient } from "./http-client.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function serve(handle: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.77.61.2", port: 0, fetch: handle });
  ends.push(() => server.stop(true));
  return `http://127.77.61.2:${server.port}`;
}

test("a request right after an answer does not meet the connection that closes", async () => {
  const url = serve(async (request) => new Response(`${request.method} ${await request.text()}`));
  for (let i = 0; i < 50; i += 1) {
    const answer = await systemHttpClient.request({
      method: "PUT",
      url,
      body: String(i),
      timeoutMs: 2_000,
    });
    expect(answer).toMatchObject({ kind: "answered", status: 200, body: `PUT ${i}` });
  }
});

test("no proxy of the environment is asked", async () => {
  const url = serve(() => new Response("itself"));
  process.env["http_proxy"] = "http://127.77.61.2:1";
  ends.push(() => delete process.env["http_proxy"]);
  expect(await systemHttpClient.request({ method: "GET", url, timeoutMs: 2_000 })).toMatchObject({
    body: "itself",
  });
});

test("a redirect is an answer, not a way", async () => {
  const url = serve(() => Response.redirect("/elsewhere", 302));
  expect(await systemHttpClient.request({ method: "GET", url, timeoutMs: 2_000 })).toMatchObject({
    status: 302,
  });
});

test("an answer's headers come with it, repeated ones as a list", async () => {
  const headers = new Headers({ "X-One": "1" });
  headers.append("X-Two", "a");
  headers.append("X-Two", "b");
  const url = serve(() => new Response("", { headers }));
  const answer = await systemHttpClient.request({ method: "GET", url, timeoutMs: 2_000 });
  expect(answer).toMatchObject({ headers: { "x-one": "1", "x-two": "a, b" } });
});

test("no answer in time and nobody there are failures, never exceptions", async () => {
  const url = serve(() => new Promise<Response>(() => {}));
  const slow = await systemHttpClient.request({ method: "GET", url, timeoutMs: 50 });
  expect(slow).toEqual({ kind: "failed", reason: "no answer within 50 ms" });
  const nobody = await systemHttpClient.request({
    method: "GET",
    url: "http://127.77.61.2:1/",
    timeoutMs: 2_000,
  });
  expect(nobody.kind).toBe("failed");
});
