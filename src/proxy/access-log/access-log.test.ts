import { expect, test } from "bun:test";
import type { Appender, Files } from "#base/files.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { AccessLogConfig } from "../config/access-log-config.ts";
import { FILESYSTEM } from "../stats/schema/filesystem.ts";
import { StatBlock } from "../stats/stat-block.ts";
import { type AccessLog, createAccessLog } from "./access-log.ts";
import { FLUSH_BYTES, MAX_BACKLOG_BYTES } from "./limits.ts";
import { LogSinks } from "./log-sinks.ts";
import { SAMPLE_ENVIRONMENT, sampleStream } from "./testing/sample-stream.ts";

/** Files that only keep what was appended, each opening of a path on its own. */
class RecordedFiles implements Files {
  readonly opened: { path: string; writes: string[]; isClosed: boolean; backlogBytes: number }[] =
    [];
  refused = "";

  append(path: string): Appender | { readonly kind: "failed"; readonly reason: string } {
    if (this.refused !== "") return { kind: "failed", reason: this.refused };
    const file = { path, writes: [] as string[], isClosed: false, backlogBytes: 0 };
    this.opened.push(file);
    return {
      write: (bytes) => {
        file.writes.push(new TextDecoder().decode(bytes));
      },
      get backlogBytes() {
        return file.backlogBytes;
      },
      flush() {},
      close: () => {
        file.isClosed = true;
      },
    };
  }

  read = () => Promise.reject(new Error("not used"));
  list = () => Promise.reject(new Error("not used"));
  watch = () => ({ close() {} });
}

function setUp() {
  const files = new RecordedFiles();
  const time = new FakeTime();
  const stats = new StatBlock(FILESYSTEM.table);
  const sinks = new LogSinks({ files, timers: time, stats });
  const open = (config: Partial<AccessLogConfig> = {}): AccessLog => {
    const log = createAccessLog(
      {
        sink: { kind: "file", path: "/var/log/a" },
        format: { kind: "text", format: "%RESPONSE_CODE%\n" },
        ...config,
      },
      { sinks, environment: SAMPLE_ENVIRONMENT },
    );
    if (log.kind === "rejected") throw new Error(log.message);
    return log.value;
  };
  return { files, time, stats, sinks, open };
}

test.each([
  [{ kind: "file", path: "/var/log/a" }, "/var/log/a", 10_000],
  [{ kind: "stdout" }, "/dev/stdout", 1_000],
  [{ kind: "stderr" }, "/dev/stderr", 1_000],
] as const)("AccessLog to %p is written to %s within %p ms", (sink, path, flushMs) => {
  const { files, time, open } = setUp();
  const log = open({ sink });
  log.write(sampleStream());
  time.advance(flushMs - 1);
  expect(files.opened.map((file) => [file.path, file.writes])).toEqual([[path, []]]);
  log.write(sampleStream({ responseCode: 404 }));
  time.advance(1);
  expect(files.opened[0]?.writes).toEqual(["200\n404\n"]);
  expect(time.timerCount).toBe(0);
});

test("AccessLog is written at once when 64 KiB have gathered, and counted as Envoy counts", () => {
  const { files, time, stats, open } = setUp();
  const log = open();
  const line = "200\n";
  for (let size = 0; size < FLUSH_BYTES; size += line.length) log.write(sampleStream());
  expect(files.opened[0]?.writes.map((text) => text.length)).toEqual([FLUSH_BYTES]);
  expect(time.timerCount).toBe(0);
  expect(stats.value(FILESYSTEM.write_buffered)).toBe(FLUSH_BYTES / line.length);
  expect(stats.value(FILESYSTEM.write_completed)).toBe(1);
  expect(stats.value(FILESYSTEM.write_total_buffered)).toBe(0);
  log.write(sampleStream());
  expect(stats.value(FILESYSTEM.write_total_buffered)).toBe(line.length);
  time.advance(10_000);
  expect(stats.value(FILESYSTEM.flushed_by_timer)).toBe(1);
});

test("AccessLog drops and counts lines while the system takes none, and goes on after", () => {
  const { files, sinks, stats, open } = setUp();
  const log = open();
  log.write(sampleStream());
  sinks.flush();
  const file = files.opened[0];
  if (file === undefined) throw new Error("no file");
  file.backlogBytes = MAX_BACKLOG_BYTES + 1;
  log.write(sampleStream({ responseCode: 500 }));
  log.write(sampleStream({ responseCode: 500 }));
  file.backlogBytes = 0;
  log.write(sampleStream({ responseCode: 201 }));
  sinks.flush();
  expect(file.writes).toEqual(["200\n", "201\n"]);
  expect(sinks.droppedCount).toBe(2);
  expect(stats.value(FILESYSTEM.write_failed)).toBe(2);
});

test("two access logs to one file share it, in the order of writing", () => {
  const { files, sinks, open } = setUp();
  const first = open();
  const second = open({ format: { kind: "json", fields: { code: "%RESPONSE_CODE%" } } });
  first.write(sampleStream());
  second.write(sampleStream());
  first.write(sampleStream());
  sinks.close();
  expect(files.opened.map((file) => file.writes)).toEqual([['200\n{"code":200}\n200\n']]);
  expect(files.opened[0]?.isClosed).toBe(true);
});

test("reopen closes the renamed file and writes to a new one; what cannot be opened is dropped", () => {
  const { files, sinks, stats, open } = setUp();
  const log = open();
  log.write(sampleStream());
  expect(sinks.reopen()).toEqual([]);
  log.write(sampleStream({ responseCode: 201 }));
  sinks.flush();
  expect(files.opened.map((file) => [file.writes, file.isClosed])).toEqual([
    [["200\n"], true],
    [["201\n"], false],
  ]);
  files.refused = "no space left on device";
  expect(sinks.reopen()).toEqual(['Cannot open access log "/var/log/a": no space left on device']);
  log.write(sampleStream());
  expect(sinks.droppedCount).toBe(1);
  expect(stats.value(FILESYSTEM.reopen_failed)).toBe(1);
});

test("createAccessLog says why there cannot be one", () => {
  const { files, sinks } = setUp();
  const ports = { sinks, environment: SAMPLE_ENVIRONMENT };
  const sink = { kind: "file", path: "/nope/x" } as const;
  expect(createAccessLog({ sink, format: { kind: "text", format: "%X%" } }, ports)).toEqual({
    kind: "rejected",
    path: "",
    message: "Unknown command operator X, at position 0",
  });
  files.refused = "no such file or directory";
  expect(createAccessLog({ sink, format: { kind: "default" } }, ports)).toEqual({
    kind: "rejected",
    path: "path",
    message: 'Cannot open access log "/nope/x": no such file or directory',
  });
});
