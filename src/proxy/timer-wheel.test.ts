import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeTime } from "#base/testing/fake-time.ts";
import { TICK_MS, TimerWheel, WheelTimer } from "./timer-wheel.ts";

/** A timer that notes when it fired. */
function recorder(time: FakeTime): { timer: WheelTimer; firedMs: number[] } {
  const firedMs: number[] = [];
  const timer = new WheelTimer({ onTimeout: () => firedMs.push(time.nowMs()) }, 0);
  return { timer, firedMs };
}

describe("TimerWheel", () => {
  test.each([1, 10, 11, 250, 640, 641, 15_000, 41_000, 300_000, 3_600_000, 100_000_000])(
    "fires once after %d ms, never early, at most one tick late",
    (delayMs) => {
      const time = new FakeTime();
      time.advance(1234.5);
      const wheel = new TimerWheel(time, time);
      const { timer, firedMs } = recorder(time);
      wheel.arm(timer, time.nowMs(), delayMs);
      time.advance(delayMs + 100);
      expect(firedMs.length).toBe(1);
      const lateMs = (firedMs[0] ?? 0) - 1234.5 - delayMs;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThanOrEqual(TICK_MS);
      expect(timer.isArmed).toBe(false);
      expect(time.timerCount).toBe(0);
    },
  );

  test("a timer taken back does not fire; one armed again fires at its new time only", () => {
    const time = new FakeTime();
    const wheel = new TimerWheel(time, time);
    const a = recorder(time);
    const b = recorder(time);
    wheel.arm(a.timer, 0, 100);
    wheel.arm(b.timer, 0, 100);
    wheel.disarm(a.timer);
    time.advance(50);
    wheel.arm(b.timer, time.nowMs(), 1000);
    time.advance(5000);
    expect(a.firedMs).toEqual([]);
    expect(b.firedMs).toEqual([1050]);
  });

  test("a timer may arm itself, arm others and disarm others from its callback", () => {
    const time = new FakeTime();
    const wheel = new TimerWheel(time, time);
    const log: string[] = [];
    const other = new WheelTimer({ onTimeout: () => log.push(`other ${time.nowMs()}`) }, 1);
    const victim = new WheelTimer({ onTimeout: () => log.push("victim") }, 2);
    let rounds = 0;
    const self: WheelTimer = new WheelTimer(
      {
        onTimeout: () => {
          log.push(`self ${time.nowMs()}`);
          rounds += 1;
          if (rounds < 3) wheel.arm(self, time.nowMs(), 30);
          wheel.arm(other, time.nowMs(), 5);
          wheel.disarm(victim);
        },
      },
      3,
    );
    wheel.arm(self, 0, 30);
    wheel.arm(victim, 0, 40);
    time.advance(1000);
    expect(log).toEqual(["self 30", "other 40", "self 60", "other 70", "self 90", "other 100"]);
  });

  test("timeouts that are always taken back cost one real timer a timeout, not one a request", () => {
    const time = new FakeTime();
    let realTimers = 0;
    const wheel = new TimerWheel(time, {
      after: (delayMs, callback) => {
        realTimers += 1;
        return time.after(delayMs, callback);
      },
      every: (periodMs, callback) => time.every(periodMs, callback),
    });
    const { timer, firedMs } = recorder(time);
    for (let request = 0; request < 10_000; request += 1) {
      wheel.arm(timer, time.nowMs(), 15_000);
      time.advance(6);
      wheel.disarm(timer);
    }
    expect(firedMs).toEqual([]);
    expect(realTimers).toBeLessThan(20);
  });

  test("any mix of timers fires in order, on time", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            gapMs: fc.integer({ min: 0, max: 3000 }),
            delayMs: fc.oneof(
              fc.integer({ min: 0, max: 700 }),
              fc.integer({ min: 0, max: 50_000 }),
              fc.integer({ min: 0, max: 5_000_000 }),
            ),
            cancelled: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        (plan) => {
          const time = new FakeTime();
          const wheel = new TimerWheel(time, time);
          const all = plan.map(({ gapMs, delayMs, cancelled }) => {
            time.advance(gapMs);
            const made = { ...recorder(time), dueMs: time.nowMs() + delayMs, cancelled };
            wheel.arm(made.timer, time.nowMs(), delayMs);
            return made;
          });
          for (const one of all) if (one.cancelled) wheel.disarm(one.timer);
          time.advance(6_000_000);
          for (const { firedMs, dueMs, cancelled } of all) {
            const fired = firedMs[0];
            if (fired === undefined) expect(cancelled).toBe(true);
            else {
              expect(firedMs.length).toBe(1);
              expect(fired - dueMs).toBeGreaterThanOrEqual(0);
              expect(fired - dueMs).toBeLessThanOrEqual(TICK_MS);
            }
          }
          expect(wheel.armedCount).toBe(0);
        },
      ),
    );
  });
});
