// A folder in memory that a test edits: the Files port with a watcher that is told of every edit.
import type { FileWriter } from "#base/file-writer.ts";
import type { Appender, FileEntry, Files, Reading } from "#base/files.ts";

interface FakeFile {
  readonly text: string | Uint8Array;
  readonly stamp: string;
}

export class FakeFiles implements Files {
  /** By path below the folder. */
  readonly #files = new Map<string, FakeFile>();
  readonly #watchers = new Set<() => void>();
  /** Paths that cannot be read, with the reason. */
  readonly unreadable: Map<string, string> = new Map();
  /** Set: the folder cannot be listed. */
  folderFailure: string | undefined;
  /** How often each file was read. */
  readonly reads: Map<string, number> = new Map();
  #edits = 0;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  text(path: string): string | undefined {
    const text = this.#files.get(path)?.text;
    return typeof text === "string" ? text : undefined;
  }

  write(path: string, text: string | Uint8Array): void {
    this.#edits += 1;
    this.#files.set(path, { text, stamp: String(this.#edits) });
    this.changed();
  }

  remove(path: string): void {
    this.#files.delete(path);
    this.changed();
  }

  /** As rename(2): the target is replaced, and the stamp travels with the file. */
  rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) return;
    this.#files.delete(from);
    this.#files.set(to, file);
    this.changed();
  }

  /** Set: nothing can be written. */
  writeFailure: string | undefined;

  readonly writer: FileWriter = {
    replace: async (path, content) => {
      if (this.writeFailure !== undefined) return { kind: "failed", reason: this.writeFailure };
      this.write(path.slice(this.#folder.length + 1), content);
      return { kind: "written" };
    },
    remove: async (path) => {
      this.remove(path.slice(this.#folder.length + 1));
      return { kind: "written" };
    },
  };

  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  async read(path: string): Promise<Reading> {
    const below = path.slice(this.#folder.length + 1);
    this.reads.set(below, (this.reads.get(below) ?? 0) + 1);
    const reason = this.unreadable.get(below);
    const file = this.#files.get(below);
    if (reason !== undefined) return { kind: "failed", reason };
    if (file === undefined) return { kind: "failed", reason: "ENOENT" };
    const bytes = typeof file.text === "string" ? new TextEncoder().encode(file.text) : file.text;
    return { kind: "read", bytes };
  }

  async list(): Promise<
    readonly FileEntry[] | { readonly kind: "failed"; readonly reason: string }
  > {
    if (this.folderFailure !== undefined) return { kind: "failed", reason: this.folderFailure };
    return [...this.#files]
      .map(([path, { text, stamp }]) => ({ path, sizeBytes: text.length, stamp }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  watch(_folder: string, changed: () => void): { close(): void } {
    this.#watchers.add(changed);
    return { close: () => void this.#watchers.delete(changed) };
  }

  append(): Appender | { readonly kind: "failed"; readonly reason: string } {
    return { kind: "failed", reason: "nothing is appended to configuration" };
  }
}
