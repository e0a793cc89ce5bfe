// Live views against a terminal that is only remembered: what is written, when, and that the screen is given back.
import { expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { fakeShell } from "../testing/fake-shell.ts";
import { watch } from "./live-view.ts";
import type { Shell } from "./shell.ts";

interface Watching {
  readonly shell: Shell;
  readonly time: FakeTime;
  written(): string;
  press(keys: string): void;
  resize(columns: number, rows: number): void;
  stop(): void;
  /** Keys and resizes are still listened to. */
  isListening(): boolean;
}

function setUp(isInteractive: boolean): Watching {
  const time = new FakeTime();
  let written = "";
  let size = { columns: 20, rows: 4 };
  const keys = new Set<(key: string) => void>();
  const resizes = new Set<() => void>();
  let stop = (): void => {};
  let isStopped = false;
  const stopped = new Promise<void>((resolve) => {
    stop = () => {
      isStopped = true;
      resolve();
    };
  });
  function listen<T>(set: Set<T>, listener: T): { close(): void } {
    set.add(listener);
    return { close: () => void set.delete(listener) };
  }
  const { shell } = fakeShell({
    clock: time,
    timers: time,
    terminal: {
      write: (text) => {
        written += text;
      },
      writeError() {},
      isInteractive,
      showsProgress: isInteractive,
      hasColor: false,
      size: () => size,
      onResize: (listener) => listen(resizes, listener),
      onKey: (listener) => listen(keys, listener),
      readInput: () => Promise.resolve(""),
    },
    catchStop: () => ({
      stopped,
      get isStopped() {
        return isStopped;
      },
    }),
  });
  return {
    shell,
    time,
    written: () => {
      const text = written;
      written = "";
      return text;
    },
    press: (text) => {
      for (const listener of keys) listener(text);
    },
    resize: (columns, rows) => {
      size = { columns, rows };
      for (const listener of resizes) listener();
    },
    stop,
    isListening: () => keys.size + resizes.size > 0,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Frame n: its number, and as many lines as `lines` says. */
function counting(lines = 1): () => Promise<readonly string[]> {
  let n = 0;
  return () => {
    n += 1;
    return Promise.resolve(Array.from({ length: lines }, (_, i) => `frame ${n} line ${i}`));
  };
}

test("on a terminal: the other screen, a frame in one write, and the last one left behind", async () => {
  const w = setUp(true);
  const ended = watch(w.shell, { everyMs: 1000, frame: counting() });
  await settled();
  const first = w.written();
  expect(first).toStartWith("\u001b[?1049h\u001b[?25l");
  expect(first).toContain("\u001b[Hframe 1 line 0\u001b[K\r\n\u001b[J");
  w.time.advance(999);
  await settled();
  expect(w.written()).toBe("");
  w.time.advance(1);
  await settled();
  expect(w.written()).toContain("frame 2 line 0");
  w.press("q");
  await ended;
  const last = w.written();
  expect(last).toContain("\u001b[?25h\u001b[?1049l");
  expect(last).toEndWith("frame 2 line 0\n");
  expect(w.isListening()).toBe(false);
  expect(w.time.timerCount).toBe(0);
});

test("a frame that is the same is not drawn again", async () => {
  const w = setUp(true);
  const ended = watch(w.shell, { everyMs: 10, frame: () => Promise.resolve(["as ever"]) });
  await settled();
  w.written();
  w.time.advance(10);
  await settled();
  expect(w.written()).toBe("");
  w.resize(5, 2);
  expect(w.written()).toContain("as e…");
  w.press("\u0003");
  await ended;
});

test("more lines than rows: the last row says how many", async () => {
  const w = setUp(true);
  const ended = watch(w.shell, { everyMs: 10, frame: counting(9) });
  await settled();
  expect(w.written()).toContain("line 2\u001b[K\r\n… and 6 more lines");
  w.stop();
  await ended;
  expect(w.isListening()).toBe(false);
});

test("a frame that fails gives the terminal back first", async () => {
  const w = setUp(true);
  const ended = watch(w.shell, { everyMs: 10, frame: () => Promise.reject(new Error("broken")) });
  expect(ended).rejects.toThrow("broken");
  await settled();
  expect(w.written()).toContain("\u001b[?1049l");
  expect(w.isListening()).toBe(false);
});

test("by pipe: frames one after another, the same one once, no control characters", async () => {
  const w = setUp(false);
  const lines = ["a", "a", "b"];
  let n = 0;
  const ended = watch(w.shell, {
    everyMs: 1000,
    frame: () => Promise.resolve([lines[n++] ?? "end"]),
  });
  for (let i = 0; i < 3; i += 1) {
    await settled();
    w.time.advance(1000);
  }
  await settled();
  w.stop();
  await ended;
  expect(w.written()).toBe("a\n\nb\n\nend\n");
  expect(w.time.timerCount).toBe(0);
});
