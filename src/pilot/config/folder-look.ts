// When a changed file may be read: not in the middle of being written. Compares listings over time; the time is passed in.
import type { FileEntry } from "#base/files.ts";

/** A file is settled when two looks this far apart saw the same: editors and `cp` write within it, deletions followed by a new file too. */
const SETTLE_MS = 50;

/**
 * A file that became empty is believed later: a shell empties the target of `command > mesh.yaml` before the command has
 * said anything, and nobody means by it that every object in the file is to go.
 */
export const EMPTY_SETTLE_MS = 1_000;

/** A file that never settles is read all the same after this. */
export const MAX_SETTLE_MS = 2_000;

export interface FileChange {
  readonly path: string;
  /** undefined: the file is gone. */
  readonly entry: FileEntry | undefined;
}

/** A difference to what was applied, waiting to stay the same. */
interface Pending {
  readonly entry: FileEntry | undefined;
  readonly sinceMs: number;
  readonly firstMs: number;
}

export class FolderLook {
  readonly #applied = new Map<string, FileEntry>();
  readonly #pending = new Map<string, Pending>();
  /** Files that could not be read: tried at every look, but no look is asked for on their account. */
  readonly #failed = new Set<string>();

  /** The changes that have settled, by path. The caller reads them and says `applied` or `failed` of each. */
  handleListing(entries: readonly FileEntry[], nowMs: number): FileChange[] {
    const listed = new Map(entries.map((entry) => [entry.path, entry]));
    const ready: FileChange[] = [];
    for (const path of new Set([
      ...this.#applied.keys(),
      ...this.#pending.keys(),
      ...listed.keys(),
    ])) {
      const entry = listed.get(path);
      if (entry?.stamp === this.#applied.get(path)?.stamp) {
        this.#pending.delete(path);
        continue;
      }
      const before = this.#pending.get(path);
      const isSame = before !== undefined && before.entry?.stamp === entry?.stamp;
      const pending = isSame
        ? before
        : { entry, sinceMs: nowMs, firstMs: before?.firstMs ?? nowMs };
      this.#pending.set(path, pending);
      if (nowMs >= this.#dueMs(path, pending)) ready.push({ path, entry });
    }
    return ready.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** When the next listing is wanted, if nothing happens before. */
  nextLookMs(): number | undefined {
    let next: number | undefined;
    for (const [path, pending] of this.#pending) {
      if (this.#failed.has(path)) continue;
      const dueMs = this.#dueMs(path, pending);
      if (next === undefined || dueMs < next) next = dueMs;
    }
    return next;
  }

  applied({ path, entry }: FileChange): void {
    this.#pending.delete(path);
    this.#failed.delete(path);
    if (entry === undefined) this.#applied.delete(path);
    else this.#applied.set(path, entry);
  }

  failed({ path }: FileChange): void {
    this.#failed.add(path);
  }

  #dueMs(path: string, { entry, sinceMs, firstMs }: Pending): number {
    const before = this.#applied.get(path);
    const wasEmptied = entry?.sizeBytes === 0 && before !== undefined && before.sizeBytes > 0;
    const settledMs = sinceMs + (wasEmptied ? EMPTY_SETTLE_MS : SETTLE_MS);
    return Math.min(settledMs, firstMs + MAX_SETTLE_MS);
  }
}
