// Where log lines go: one buffer a file, shared by every access log that writes to it, and handed over by size or by time.
import type { Appender, Files } from "#base/files.ts";
import type { Timer, Timers } from "#base/timers.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";
import { FILESYSTEM } from "../stats/schema/filesystem.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { FILE_FLUSH_MS, FLUSH_BYTES, MAX_BACKLOG_BYTES, STDOUT_FLUSH_MS } from "./limits.ts";

export interface LogSinkPorts {
  readonly files: Files;
  readonly timers: Timers;
  /** `filesystem.*` */
  readonly stats: StatBlock<"filesystem">;
}

/** One file (or stdout, stderr) that lines are appended to. */
export class LogSink {
  /** A line's writer appends here, then calls `lineWritten`; before it, `startLine`. */
  readonly buffer: OutputBuffer = new OutputBuffer(FLUSH_BYTES);
  readonly #path: string;
  readonly #flushMs: number;
  readonly #ports: LogSinkPorts;
  /** undefined when the file could not be opened again. */
  #appender: Appender | undefined;
  #timer: Timer | undefined = undefined;
  #droppedCount = 0;

  constructor(path: string, appender: Appender, ports: LogSinkPorts) {
    const isTerminal = path === "/dev/stdout" || path === "/dev/stderr";
    this.#path = path;
    this.#flushMs = isTerminal ? STDOUT_FLUSH_MS : FILE_FLUSH_MS;
    this.#appender = appender;
    this.#ports = ports;
  }

  /** Lines that were not written because the system did not take them. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Whether a line may be written now; if not, it is lost and counted. */
  startLine(): boolean {
    if (this.#appender !== undefined && (this.#appender.backlogBytes ?? 0) <= MAX_BACKLOG_BYTES) {
      return true;
    }
    this.#droppedCount += 1;
    this.#ports.stats.inc(FILESYSTEM.write_failed);
    return false;
  }

  lineWritten(): void {
    const { stats, timers } = this.#ports;
    stats.inc(FILESYSTEM.write_buffered);
    stats.set(FILESYSTEM.write_total_buffered, this.buffer.size);
    if (this.buffer.size >= FLUSH_BYTES) {
      this.flush();
      return;
    }
    this.#timer ??= timers.after(this.#flushMs, () => {
      this.#timer = undefined;
      stats.inc(FILESYSTEM.flushed_by_timer);
      this.flush();
    });
  }

  /** Hands over what is buffered, and sees it off. */
  flush(): void {
    if (this.#handOver()) this.#appender?.flush();
  }

  /** Closes the file and opens its path anew, after it was renamed (log rotation). Returns why it could not. */
  reopen(): string | undefined {
    this.close();
    const appender = this.#ports.files.append(this.#path);
    if (!("kind" in appender)) {
      this.#appender = appender;
      return undefined;
    }
    this.#appender = undefined;
    this.#ports.stats.inc(FILESYSTEM.reopen_failed);
    return `Cannot open access log "${this.#path}": ${appender.reason}`;
  }

  /** Not flushed before: a write under way outlives `close`, but not the process. */
  close(): void {
    this.#handOver();
    this.#appender?.close();
  }

  /** False when there was nothing. */
  #handOver(): boolean {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { buffer } = this;
    if (buffer.size === 0) return false;
    // A copy, since the appender may keep what it is given.
    this.#appender?.write(buffer.bytes.slice(buffer.start, buffer.end));
    this.#ports.stats.inc(FILESYSTEM.write_completed);
    this.#ports.stats.set(FILESYSTEM.write_total_buffered, 0);
    buffer.start = 0;
    buffer.end = 0;
    return true;
  }
}

/** All sinks of a process by path: two listeners that log to one file share its buffer, so lines never mix. */
export class LogSinks {
  readonly #ports: LogSinkPorts;
  #sinks = new Map<string, LogSink>();

  constructor(ports: LogSinkPorts) {
    this.#ports = ports;
  }

  /** The sink for `path` ("/dev/stdout", "/dev/stderr" for our own), or why it cannot be opened. */
  open(path: string): LogSink | { readonly kind: "failed"; readonly reason: string } {
    const known = this.#sinks.get(path);
    if (known !== undefined) return known;
    const appender = this.#ports.files.append(path);
    if ("kind" in appender) return appender;
    const sink = new LogSink(path, appender, this.#ports);
    this.#sinks.set(path, sink);
    return sink;
  }

  get droppedCount(): number {
    let total = 0;
    for (const sink of this.#sinks.values()) total += sink.droppedCount;
    return total;
  }

  flush(): void {
    for (const sink of this.#sinks.values()) sink.flush();
  }

  /** POST /reopen_logs. Returns a sentence for each file that could not be opened again. */
  reopen(): string[] {
    return [...this.#sinks.values()].flatMap((sink) => sink.reopen() ?? []);
  }

  close(): void {
    for (const sink of this.#sinks.values()) sink.close();
    this.#sinks.clear();
  }
}
