// One event of the loop: what is put off, what is flushed, and in which order.
import { describe, expect, test } from "bun:test";
import type { Log } from "#base/log.ts";
import { SILENT_LOG } from "#base/log.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { Dispatcher } from "./dispatcher.ts";
import { WheelTimer } from "./timer-wheel.ts";

function setUp(): { time: FakeTime; dispatcher: Dispatcher; log: string[]; errors: string[] } {
  const time = new FakeTime();
  const errors: string[] = [];
  const log: Log = { ...SILENT_LOG, error: (message) => void errors.push(message) };
  const dispatcher = new Dispatcher({
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    log,
  });
  return { time, dispatcher, log: [], errors };
}

describe("Dispatcher", () => {
  test("own work, then what was put off, then the flushes; until nothing is left", () => {
    const { dispatcher, log } = setUp();
    const flush = (name: string, then?: () => void) => ({
      flush: () => {
        log.push(name);
        then?.();
      },
    });
    dispatcher.run(() => {
      dispatcher.markDirty(flush("flush a", () => dispatcher.defer(flush("late task"))));
      dispatcher.defer(flush("task", () => dispatcher.markDirty(flush("flush b"))));
      log.push("work");
    });
    expect(log).toEqual(["work", "task", "flush a", "flush b", "late task"]);
  });

  test("nested events are one event", () => {
    const { dispatcher, log } = setUp();
    dispatcher.run(() => {
      dispatcher.run(() => dispatcher.markDirty({ flush: () => void log.push("flush") }));
      log.push("outer");
    });
    expect(log).toEqual(["outer", "flush"]);
  });

  test("outside of any event a flush does not wait for the next one", () => {
    const { dispatcher, log } = setUp();
    dispatcher.markDirty({ flush: () => void log.push("flush") });
    expect(log).toEqual(["flush"]);
  });

  test("time stands still within an event", () => {
    const { time, dispatcher } = setUp();
    dispatcher.run(() => {
      const before = dispatcher.nowMs;
      time.advance(100);
      dispatcher.run(() => expect(dispatcher.nowMs).toBe(before));
    });
    dispatcher.run(() => expect(dispatcher.nowMs).toBe(100));
  });

  test("a bug in one flush is reported, and the others still happen", () => {
    const { dispatcher, log, errors } = setUp();
    dispatcher.run(() => {
      dispatcher.markDirty({
        flush: () => {
          throw new Error("bug");
        },
      });
      dispatcher.markDirty({ flush: () => void log.push("flush") });
    });
    expect(log).toEqual(["flush"]);
    expect(errors.length).toBe(1);
  });

  test("a bug in a timer is reported, and the others still fire, as events of their own", () => {
    const { time, dispatcher, log, errors } = setUp();
    const bad = new WheelTimer(
      {
        onTimeout: () => {
          throw new Error("bug");
        },
      },
      0,
    );
    const good = new WheelTimer(
      { onTimeout: () => dispatcher.markDirty({ flush: () => void log.push("flushed") }) },
      0,
    );
    dispatcher.wheel.arm(good, 0, 50);
    dispatcher.wheel.arm(bad, 0, 50);
    time.advance(60);
    expect(errors.length).toBe(1);
    expect(log).toEqual(["flushed"]);
  });

  test("the date is made once a second", () => {
    const { time, dispatcher } = setUp();
    const first = dispatcher.date();
    expect(new TextDecoder().decode(first)).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    time.advance(999);
    expect(dispatcher.date()).toBe(first);
    time.advance(1);
    expect(new TextDecoder().decode(dispatcher.date())).toBe("Fri, 02 Jan 2026 03:04:06 GMT");
  });

  test("buffers are used again, unless they grew large", () => {
    const { dispatcher } = setUp();
    const small = dispatcher.takeBuffer();
    small.ascii("left over");
    dispatcher.giveBuffer(small);
    expect(dispatcher.takeBuffer()).toBe(small);
    expect(small.size).toBe(0);
    const large = dispatcher.takeBuffer();
    large.ensure(200_000);
    dispatcher.giveBuffer(large);
    expect(dispatcher.takeBuffer()).not.toBe(large);
  });
});
