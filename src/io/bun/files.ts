// The Files port on the real file system.
import {
  closeSync,
  type FSWatcher,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  watch,
  write,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Appender, FileEntry, Files, Reading } from "#base/files.ts";

/** Deeper folders are left out: no configuration is kept this deep. */
const MAX_DEPTH = 16;
/** Changes that a watcher does not tell of (network file systems, a lost event) are found this late. */
const RESCAN_MS = 2_000;
/** Appenders hold this much before they write on their own. */
const APPEND_BUFFER_BYTES = 64 * 1024;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

async function read(path: string): Promise<Reading> {
  try {
    return { kind: "read", bytes: new Uint8Array(await readFile(path)) };
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
}

/** A folder is told by where it really is: through links, the same one may be met again and again. */
const identityOf = (stat: Stats): string => `${stat.dev}:${stat.ino}`;

/** What stands at `path`, links followed; undefined for what is gone, leads in a circle, or may not be looked at. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // gone, or not ours to read: the rest of the tree is
  }
}

interface Entry {
  readonly path: string;
  readonly stat: Stats;
}

/** Every file and folder below `folder`, each folder once: real ones before those behind links. */
function walk(folder: string): {
  readonly files: readonly Entry[];
  readonly folders: readonly string[];
} {
  const files: Entry[] = [];
  const folders: string[] = [];
  const seen = new Set<string>();
  const linked: string[] = [];
  const visit = (below: string, depth: number): void => {
    const here = join(folder, below);
    const stat = look(here);
    if (stat === undefined || seen.has(identityOf(stat))) return;
    seen.add(identityOf(stat));
    folders.push(here);
    for (const name of namesIn(here)) {
      if (name.startsWith(".")) continue;
      const path = below === "" ? name : `${below}/${name}`;
      const found = look(join(folder, path));
      if (found?.isFile()) files.push({ path, stat: found });
      else if (found?.isDirectory() && depth < MAX_DEPTH) {
        if (isLink(join(folder, path))) linked.push(path);
        else visit(path, depth + 1);
      }
    }
  };
  visit("", 0);
  for (let next = linked.shift(); next !== undefined; next = linked.shift()) {
    visit(next, next.split("/").length);
  }
  return { files, folders };
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

async function list(
  folder: string,
): Promise<readonly FileEntry[] | { kind: "failed"; reason: string }> {
  try {
    readdirSync(folder);
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
  return walk(folder)
    .files.map(({ path, stat }) => ({
      path,
      sizeBytes: stat.size,
      stamp: `${stat.ino}:${stat.mtimeMs}:${stat.size}`,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function watchFolder(folder: string, changed: () => void): { close(): void } {
  const watchers = new Map<string, FSWatcher>();
  const arm = (): void => {
    const wanted = new Set(walk(folder).folders);
    for (const [path, watcher] of watchers) {
      if (wanted.has(path)) continue;
      watcher.close();
      watchers.delete(path);
    }
    for (const path of wanted) {
      if (watchers.has(path)) continue;
      try {
        const watcher = watch(path, { persistent: false }, () => {
          arm();
          changed();
        });
        watcher.on("error", () => watchers.delete(path));
        watchers.set(path, watcher);
      } catch {
        // Out of watches or gone again: the rescan covers it.
      }
    }
  };
  arm();
  const rescan = setInterval(() => {
    arm();
    changed();
  }, RESCAN_MS);
  return {
    close: () => {
      clearInterval(rescan);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

/**
 * Hands bytes to the system without waiting for it: a reader of our stdout that stalls must not stall the proxy. One write is
 * under way at a time, in order; what waits is `backlogBytes`, which whoever writes keeps within bounds.
 */
class FileAppender implements Appender {
  readonly #descriptor: number;
  readonly #isOwn: boolean;
  #buffer = new Uint8Array(APPEND_BUFFER_BYTES);
  #length = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isClosing = false;

  constructor(descriptor: number, isOwn: boolean) {
    this.#descriptor = descriptor;
    this.#isOwn = isOwn;
  }

  get backlogBytes(): number {
    return this.#waitingBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      this.#enqueue(bytes.slice());
      return;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  flush(): void {
    if (this.#length === 0) return;
    const full = this.#buffer.subarray(0, this.#length);
    this.#buffer = new Uint8Array(APPEND_BUFFER_BYTES);
    this.#length = 0;
    this.#enqueue(full);
  }

  /** Written before this returns where nothing is under way; otherwise the rest follows, and then the file is closed. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#length > 0) this.#waiting.push(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    if (this.#isWriting) return;
    for (const bytes of this.#waiting) this.#writeNow(bytes);
    this.#waiting = [];
    if (this.#isOwn) closeSync(this.#descriptor);
  }

  #enqueue(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#next();
  }

  #next(): void {
    if (this.#isWriting) return;
    const bytes = this.#waiting.shift();
    if (bytes === undefined) {
      if (this.#isClosing && this.#isOwn) closeSync(this.#descriptor);
      return;
    }
    this.#isWriting = true;
    write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
      this.#isWriting = false;
      // A full disk or a reader that went away must not stop traffic: these lines are lost.
      const taken = error === null ? written : bytes.length;
      this.#waitingBytes -= taken;
      if (taken < bytes.length) this.#waiting.unshift(bytes.subarray(taken));
      this.#next();
    });
  }

  #writeNow(bytes: Uint8Array): void {
    try {
      for (let start = 0; start < bytes.length; ) {
        start += writeSync(this.#descriptor, bytes, start, bytes.length - start);
      }
    } catch {
      // As above.
    }
  }
}

function append(path: string): Appender | { kind: "failed"; reason: string } {
  if (path === "/dev/stdout") return new FileAppender(1, false);
  if (path === "/dev/stderr") return new FileAppender(2, false);
  try {
    return new FileAppender(openSync(path, "a", 0o644), true);
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
}

export const systemFiles: Files = { read, list, watch: watchFolder, append };
