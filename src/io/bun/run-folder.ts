// The RunFolder port on the real file system. Its calls are synchronous: they are few, small, and the last one comes at exit.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { LineLog, RunFolder } from "#base/run-folder.ts";

/** Of each of the two files of a log; kubelet keeps five of 10 MiB, for programs that run for months. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
/** Lines wait this long for company, so that a talkative program costs one write for many. */
const FLUSH_MS = 100;
/** More than this is written at once. */
const MAX_WAITING_CHARACTERS = 64 * 1024;

/** A log that is full twice over has forgotten its beginning. */
export class BoundedLog implements LineLog {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number | undefined;
  #sizeBytes = 0;
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string, maxBytes: number = MAX_LOG_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#open();
  }

  write(line: string): void {
    if (this.#descriptor === undefined) return;
    this.#waiting.push(`${line}\n`);
    this.#waitingCharacters += line.length;
    if (this.#waitingCharacters > MAX_WAITING_CHARACTERS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  close(): void {
    this.#flush();
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  #open(): void {
    try {
      this.#descriptor = openSync(this.#path, "a", 0o600);
      this.#sizeBytes = fstatSync(this.#descriptor).size;
    } catch {
      this.#descriptor = undefined; // its folder is gone: so are its readers
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = new TextEncoder().encode(this.#waiting.join(""));
    this.#waiting = [];
    this.#waitingCharacters = 0;
    if (bytes.length === 0) return;
    try {
      if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxBytes) this.#rotate();
      if (this.#descriptor === undefined) return;
      for (let start = 0; start < bytes.length; ) {
        start += writeSync(this.#descriptor, bytes, start, bytes.length - start);
      }
      this.#sizeBytes += bytes.length;
    } catch {
      // A full disk: these lines are lost, and the mesh goes on.
    }
  }

  #rotate(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    renameSync(this.#path, `${this.#path}.1`);
    this.#open();
  }
}

/** Makes the folder; whatever was there is taken away. `links`: name -> what it leads to. */
export function createRunFolder(
  path: string,
  links: Readonly<Record<string, string>> = {},
): RunFolder | { readonly kind: "failed"; readonly reason: string } {
  const logs = new Set<LineLog>();
  let isRemoved = false;
  try {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true, mode: 0o700 });
    for (const [name, target] of Object.entries(links)) {
      mkdirSync(dirname(join(path, name)), { recursive: true, mode: 0o700 });
      symlinkSync(target, join(path, name));
    }
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
  const place = (name: string): string => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return file;
  };
  return {
    path,
    write: (name, text) => {
      if (isRemoved) return join(path, name);
      const file = place(name);
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      return file;
    },
    openLog: (name) => {
      if (isRemoved) return { write() {}, close() {} };
      const log = new BoundedLog(place(name));
      logs.add(log);
      return log;
    },
    remove: () => {
      isRemoved = true;
      for (const log of logs) log.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
