// Writing through a socket that takes what it likes: order, watermark, one write an event.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SILENT_LOG } from "#base/log.ts";
import type { Socket } from "#base/net.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { Dispatcher } from "./dispatcher.ts";
import { SocketWriter } from "./socket-writer.ts";

const NOWHERE = { host: "127.0.0.1", port: 1 };

/** A socket that takes at most `room` more bytes, and keeps what it took. */
class NarrowSocket implements Socket {
  readonly local = NOWHERE;
  readonly remote = NOWHERE;
  room = Number.POSITIVE_INFINITY;
  readonly writes: number[] = [];
  text = "";

  write(bytes: Uint8Array, start: number, end: number): number {
    const taken = Math.min(end - start, this.room);
    this.room -= taken;
    this.writes.push(taken);
    this.text += Buffer.from(bytes.subarray(start, start + taken)).toString("latin1");
    return taken;
  }

  end(): void {}
  close(): void {}
  reset(): void {}
  pause(): void {}
  resume(): void {}
}

function setUp(limitBytes = 1000): {
  dispatcher: Dispatcher;
  socket: NarrowSocket;
  writer: SocketWriter;
  events: string[];
} {
  const time = new FakeTime();
  const dispatcher = new Dispatcher({
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    log: SILENT_LOG,
  });
  const socket = new NarrowSocket();
  const events: string[] = [];
  const owner = {
    onAboveWatermark: () => void events.push("above"),
    onBelowWatermark: () => void events.push("below"),
    onFlushed: () => void events.push("flushed"),
  };
  const writer = new SocketWriter(dispatcher, owner, limitBytes);
  writer.attach(socket);
  return { dispatcher, socket, writer, events };
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("SocketWriter", () => {
  test("all of one event goes out in one write, at its end", () => {
    const { dispatcher, socket, writer } = setUp();
    dispatcher.run(() => {
      writer.buffer().ascii("head ");
      writer.write(bytesOf("body"), 0, 4);
      writer.buffer().ascii(" end");
      expect(socket.writes).toEqual([]);
    });
    expect(socket.text).toBe("head body end");
    expect(socket.writes).toEqual([13]);
    expect(writer.pendingBytes).toBe(0);
    expect(writer.bytesSent).toBe(13);
  });

  test("a big chunk follows what waits, without a copy of its own", () => {
    const { dispatcher, socket, writer } = setUp();
    const big = "x".repeat(40_000);
    dispatcher.run(() => {
      writer.buffer().ascii("head ");
      writer.write(bytesOf(big), 0, big.length);
      expect(socket.writes).toEqual([5, 40_000]);
    });
    expect(socket.text).toBe(`head ${big}`);
  });

  test("what the kernel does not take waits for its drain; nothing is offered before", () => {
    const { dispatcher, socket, writer } = setUp();
    socket.room = 3;
    dispatcher.run(() => writer.buffer().ascii("abcdef"));
    expect(writer.pendingBytes).toBe(3);
    dispatcher.run(() => writer.buffer().ascii("ghi"));
    expect(socket.writes).toEqual([3]);
    socket.room = 100;
    dispatcher.run(() => writer.onDrain());
    expect(socket.text).toBe("abcdefghi");
    expect(socket.writes).toEqual([3, 6]);
  });

  test("above the limit once, below it at half of it", () => {
    const { dispatcher, socket, writer, events } = setUp(1000);
    socket.room = 0;
    dispatcher.run(() => writer.buffer().ascii("a".repeat(1000)));
    expect(events).toEqual([]);
    dispatcher.run(() => writer.buffer().ascii("a"));
    dispatcher.run(() => writer.buffer().ascii("a".repeat(99)));
    expect(events).toEqual(["above"]);
    socket.room = 599;
    dispatcher.run(() => writer.onDrain());
    expect(events).toEqual(["above"]);
    socket.room = 1;
    dispatcher.run(() => writer.onDrain());
    expect(events).toEqual(["above", "below"]);
  });

  test("onFlushed comes once, when nothing waits, and never from inside the call", () => {
    const { dispatcher, socket, writer, events } = setUp();
    socket.room = 2;
    dispatcher.run(() => {
      writer.buffer().ascii("abc");
      writer.notifyWhenFlushed();
      expect(events).toEqual([]);
    });
    expect(events).toEqual([]);
    socket.room = 9;
    dispatcher.run(() => writer.onDrain());
    dispatcher.run(() => writer.buffer().ascii("d"));
    expect(events).toEqual(["flushed"]);
    dispatcher.run(() => writer.notifyWhenFlushed());
    expect(events).toEqual(["flushed", "flushed"]);
  });

  test("after the socket is gone, writes go nowhere and nothing is held", () => {
    const { dispatcher, socket, writer } = setUp();
    socket.room = 0;
    dispatcher.run(() => writer.buffer().ascii("abc"));
    writer.detach();
    expect(writer.pendingBytes).toBe(0);
    dispatcher.run(() => writer.write(new Uint8Array(50_000), 0, 50_000));
    expect(writer.pendingBytes).toBe(0);
    expect(socket.text).toBe("");
  });

  test("any writes and any drains: every byte once, in order, and never more held than was written", () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ buffer: fc.integer({ min: 0, max: 3000 }) }),
      fc.record({ room: fc.integer({ min: 0, max: 60_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), (events) => {
        const { dispatcher, socket, writer } = setUp();
        let expected = "";
        let next = 0;
        const more = (count: number): string => {
          let text = "";
          while (text.length < count) text += `${next++},`;
          expected += text;
          return text;
        };
        socket.room = 1000;
        for (const steps of events) {
          dispatcher.run(() => {
            for (const one of steps) {
              if ("write" in one) {
                const bytes = bytesOf(more(one.write));
                writer.write(bytes, 0, bytes.length);
              } else if ("buffer" in one) writer.buffer().ascii(more(one.buffer));
              else {
                const wasFull = socket.room === 0;
                socket.room += one.room;
                if (wasFull && one.room > 0) writer.onDrain();
              }
            }
          });
          expect(expected.startsWith(socket.text)).toBe(true);
          expect(writer.pendingBytes).toBe(expected.length - socket.text.length);
        }
        for (let round = 0; round < 3; round += 1) {
          socket.room = Number.POSITIVE_INFINITY;
          dispatcher.run(() => writer.onDrain());
        }
        expect(socket.text).toBe(expected);
        expect(writer.bytesSent).toBe(expected.length);
      }),
    );
  });
});
