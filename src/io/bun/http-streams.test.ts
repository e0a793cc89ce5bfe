import { afterEach, expect, test } from "bun:test";
import type { HttpStream } from "#base/http-client.ts";
import { systemHttpStreams } from "./http-streams.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Served {
  readonly url: string;
  /** Of the response under way. */
  send(text: string): void;
  end(): void;
  readonly left: Promise<void>;
}

/** A server that answers with `status` and then whatever the test sends. */
function serve(status = 200): Served {
  let controller: ReadableStreamDefaultController<string> | undefined;
  let leave = (): void => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const server = Bun.serve({
    hostname: "127.77.61.3",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const body = await request.text();
      request.signal.addEventListener("abort", leave);
      const stream = new ReadableStream<string>({
        start: (opened) => {
          controller = opened;
          opened.enqueue(`${request.method} ${body}|`);
        },
      });
      return new Response(stream, { status });
    },
  });
  ends.push(() => void server.stop(true));
  return {
    url: `http://127.77.61.3:${server.port}/`,
    send: (text) => controller?.enqueue(text),
    end: () => controller?.close(),
    left,
  };
}

function open(url: string, timeoutMs = 2000): { stream: HttpStream; text(): string } {
  let text = "";
  const stream = systemHttpStreams.open(
    { method: "POST", url, body: "hello", timeoutMs },
    (bytes) => {
      text += Buffer.from(bytes).toString("utf8");
    },
  );
  ends.push(() => stream.close());
  return { stream, text: () => text };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i += 1) await Bun.sleep(5);
  expect(condition()).toBe(true);
}

test("pieces are handed on as they come, until the other side ends", async () => {
  const server = serve();
  const { stream, text } = open(server.url);
  expect(await stream.started).toEqual({ kind: "open" });
  await until(() => text() === "POST hello|");
  server.send("one");
  await until(() => text().endsWith("one"));
  server.send("two");
  await until(() => text().endsWith("onetwo"));
  server.end();
  expect(await stream.ended).toEqual({ reason: undefined });
});

test("closing tells the other side, and nothing comes any more", async () => {
  const server = serve();
  const { stream, text } = open(server.url);
  await stream.started;
  await until(() => text() !== "");
  stream.close();
  expect(await stream.ended).toEqual({ reason: undefined });
  await server.left;
  const before = text();
  expect(text()).toBe(before);
});

test("an answer that says no is told with its words", async () => {
  const server = serve(400);
  const { stream, text } = open(server.url);
  await Bun.sleep(20);
  server.end();
  expect(await stream.started).toEqual({ kind: "refused", status: 400, body: "POST hello|" });
  expect(text()).toBe("");
});

test("nobody there, and no answer in time, are failures", async () => {
  const nobody = open("http://127.77.61.3:1/");
  expect((await nobody.stream.started).kind).toBe("failed");
  expect((await nobody.stream.ended).reason).toBeDefined();
  const silent = Bun.listen({ hostname: "127.77.61.3", port: 0, socket: { data() {} } });
  ends.push(() => silent.stop(true));
  const slow = open(`http://127.77.61.3:${silent.port}/`, 50);
  expect(await slow.stream.started).toEqual({ kind: "failed", reason: "no answer within 50 ms" });
});
