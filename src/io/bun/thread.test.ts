import { afterEach, describe, expect, test } from "bun:test";
import { startThread, type Thread } from "./thread.ts";

let thread: Thread<unknown, unknown> | undefined;

/** A module for a thread, which imports the other end of the channel. */
function module(body: string): URL {
  const path = JSON.stringify(import.meta.resolve("./thread.ts"));
  const source = `import { parentChannel } from ${path};\nconst channel = parentChannel();\n${body}`;
  return new URL(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
}

/** Starts it; `said` resolves with its first message, `death` with the reason. */
function start(body: string) {
  let died: (reason: string | undefined) => void = () => {};
  const death = new Promise<string | undefined>((resolve) => {
    died = resolve;
  });
  const started = startThread<unknown, unknown>(module(body), (reason) => died(reason));
  thread = started;
  const said = new Promise<unknown>((resolve) => started.listen(resolve));
  return { post: (message: unknown) => started.post(message), said, death };
}

afterEach(() => {
  thread?.terminate();
  thread = undefined;
});

describe("startThread", () => {
  test("messages sent before the thread listens arrive, in order", async () => {
    const { post, said } = start(
      "const all = []; channel.listen((n) => { all.push(n); if (all.length === 3) channel.post(all); });",
    );
    for (const n of [1, 2, 3]) post(n);
    expect(await said).toEqual([1, 2, 3]);
  });

  test("promises settled by one message are acted on before the next message", async () => {
    const { post, said } = start(`
      const events = [];
      channel.listen((n) => {
        events.push("message " + n);
        Promise.resolve().then(async () => { await null; events.push("settled " + n); });
        if (n === 3) setTimeout(() => channel.post(events), 0);
      });`);
    for (const n of [1, 2, 3]) post(n);
    expect(await said).toEqual([1, 2, 3].flatMap((n) => [`message ${n}`, `settled ${n}`]));
  });

  test("shared memory stays one, everything else is copied", async () => {
    const { post, said } = start(
      "channel.listen(({ shared, copied }) => { shared[0] = 7; copied[0] = 7; channel.post(0); });",
    );
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const copied = new Int32Array(1);
    post({ shared, copied });
    await said;
    expect([shared[0], copied[0]]).toEqual([7, 0]);
  });

  test.each([
    [
      "an exception in a message",
      'channel.listen(() => { throw new Error("lost it"); });',
      "lost it",
    ],
    [
      "an exception in a timer",
      'channel.listen(() => setTimeout(() => { throw new Error("lost it"); }, 1));',
      "lost it",
    ],
    [
      "a rejection that nobody handles",
      'channel.listen(() => { Promise.reject(new Error("lost it")); });',
      "lost it",
    ],
    ["a module that does not load", 'throw new Error("no module");', "no module"],
  ])("%s ends the thread, with the reason", async (_name, body, reason) => {
    const { post, death } = start(body);
    post(1);
    expect(await death).toContain(reason);
  });

  test("a thread that ends itself has died, without a reason", async () => {
    const { post, death } = start("channel.listen(() => process.exit(0));");
    post(1);
    expect(await death).toBeUndefined();
  });
});
