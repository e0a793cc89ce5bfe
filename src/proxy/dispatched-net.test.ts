// Every callback of a socket is one event of the dispatcher, and a mistake in one costs that connection only.
import { expect, test } from "bun:test";
import type { Socket } from "#base/net.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { type DispatchedHandler, dispatchedNet } from "./dispatched-net.ts";
import { Dispatcher } from "./dispatcher.ts";
import { MemoryNet } from "./testing/memory-net.ts";
import { dial } from "./testing/peer.ts";

const FRONT = { host: "127.0.0.1", port: 80, reusePort: false };

interface World {
  readonly net: MemoryNet;
  readonly errors: string[];
  readonly events: string[];
}

/** A listener whose connections note whether they are called inside an event, and throw when they read `!`. */
function listen(accept: (socket: Socket) => boolean = () => true): World {
  const time = new FakeTime();
  const errors: string[] = [];
  const events: string[] = [];
  const log = {
    debug() {},
    info() {},
    warning() {},
    error: (message: string) => void errors.push(message),
    child: () => log,
  };
  const dispatcher = new Dispatcher({
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    log,
  });
  const net = new MemoryNet();
  const note = (name: string): void => {
    events.push(name);
    // Flushed when the event ends: at once, were there none.
    dispatcher.markDirty({ flush: () => void events.push(`${name} over`) });
    events.push(`${name} returns`);
  };
  dispatchedNet(net, dispatcher).listen(FRONT, (socket): DispatchedHandler | undefined => {
    if (!accept(socket)) return undefined;
    note("accept");
    return {
      onData: (bytes) => {
        note("data");
        if (bytes[0] === 0x21) throw new Error("our mistake");
      },
      onDrain: () => note("drain"),
      onEnd: () => note("end"),
      onClose: () => note("close"),
      handleBug: (bug) => {
        events.push(`bug: ${(bug as Error).message}`);
        socket.reset();
      },
    };
  });
  return { net, errors, events };
}

test("what a callback writes is flushed when it has returned", () => {
  const { net, events } = listen();
  const peer = dial(net, FRONT);
  net.run();
  peer.send("x");
  net.run();
  expect(events).toEqual([
    ...["accept", "accept returns", "accept over"],
    ...["data", "data returns", "data over"],
  ]);
});

test("a callback that throws ends its own connection; others are served", () => {
  const { net, events } = listen();
  const [bad, good] = [dial(net, FRONT), dial(net, FRONT)];
  net.run();
  events.length = 0;
  bad.send("!");
  good.send("x");
  net.run();
  expect(events).toContain("bug: our mistake");
  expect(events.filter((event) => event === "data over")).toHaveLength(2);
  expect(bad.isClosed).toBe(true);
  expect(good.isClosed).toBe(false);
});

test("a connection that nobody takes is closed, one whose acceptance throws is reset", () => {
  const refusing = listen(() => false);
  const refused = dial(refusing.net, FRONT);
  refusing.net.run();
  expect(refused.isClosed || refused.hasEnded).toBe(true);
  expect(refusing.errors).toEqual([]);
  const broken = listen(() => {
    throw new Error("our mistake");
  });
  const reset = dial(broken.net, FRONT);
  broken.net.run();
  expect(reset.isClosed).toBe(true);
  expect(broken.errors).toEqual(["Internal error in listener"]);
});
