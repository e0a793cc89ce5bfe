// Once, twice, and twice for one Ctrl-C: what a command is told.
import { expect, test } from "bun:test";
import { StopSignals } from "./stop-signals.ts";

function create(): { signals: StopSignals; at: (ms: number) => void; insisted: () => number } {
  let nowMs = 0;
  let insistedCount = 0;
  const signals = new StopSignals(() => nowMs);
  signals.onInsist(() => {
    insistedCount += 1;
  });
  return {
    signals,
    at: (ms) => {
      nowMs = ms;
    },
    insisted: () => insistedCount,
  };
}

test("the first signal stops, one more insists", async () => {
  const { signals, at, insisted } = create();
  expect(signals.isStopped).toBe(false);
  signals.handleSignal();
  await signals.stopped;
  expect([signals.isStopped, insisted()]).toEqual([true, 0]);
  at(500);
  signals.handleSignal();
  expect(insisted()).toBe(1);
});

test("one Ctrl-C that comes twice, from the terminal and from npm, is one", () => {
  const { signals, at, insisted } = create();
  signals.handleSignal();
  at(499);
  signals.handleSignal();
  expect(insisted()).toBe(0);
});

test("a closed output stops, and never insists", () => {
  const { signals, at, insisted } = create();
  signals.handleOutputClosed();
  expect(signals.isStopped).toBe(true);
  at(5_000);
  signals.handleOutputClosed();
  expect(insisted()).toBe(0);
});
