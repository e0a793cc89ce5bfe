// A store that is a folder of YAML files: what stands there is what exists, within moments of every edit.
// What cannot be read or is wrong keeps its last good version, and says so.
import type { Clock } from "#base/clock.ts";
import type { FileWriter } from "#base/file-writer.ts";
import type { FileEntry, Files } from "#base/files.ts";
import type { Log } from "#base/log.ts";
import type { Timer, Timers } from "#base/timers.ts";
import { type ConfigObject, type ObjectKey, objectKey, type Problem } from "../model/object.ts";
import { FileReadings } from "./file-readings.ts";
import { type FileChange, FolderLook } from "./folder-look.ts";
import { type FolderEdit, FolderWriter } from "./folder-writer.ts";
import { IGNORE_FILE, IgnoredPaths } from "./ignored.ts";
import { withLastGood } from "./last-good.ts";
import { MAX_FILES, MAX_OBJECTS, MAX_PROBLEMS } from "./limits.ts";
import { MemoryStore } from "./memory-store.ts";
import { collect, sortByAge } from "./parse-objects.ts";
import { PlacedObject } from "./placed-object.ts";
import type { LazyProblem, ObjectReading, Reading } from "./read-document.ts";
import type {
  ConfigListener,
  ConfigStore,
  PutOutcome,
  PutRequest,
  RemoveOutcome,
  WriteCondition,
} from "./store.ts";

export interface FolderStoreOptions {
  /** Problems name files as `folder/path`. */
  readonly folder: string;
  readonly files: Files;
  /** Left out: a folder that is only read, where every write is refused. */
  readonly fileWriter?: FileWriter;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export type OpenedFolder =
  | { readonly kind: "opened"; readonly store: FolderStore }
  | { readonly kind: "failed"; readonly reason: string };

/** Changes of one edit come in bursts: a look waits this long for the rest. */
const BURST_MS = 10;

export class FolderStore implements ConfigStore {
  readonly #options: FolderStoreOptions;
  readonly #store = new MemoryStore();
  readonly #look = new FolderLook();
  readonly #writer: FolderWriter;
  /** By path, relative to the folder. */
  readonly #files = new Map<string, FileReadings>();
  #pathOf: ReadonlyMap<ObjectKey, string> = new Map();
  #folderProblem: Problem | undefined;
  #watching: { close(): void } | undefined;
  #timer: { readonly timer: Timer; readonly atMs: number } | undefined;
  /** Looks and writes happen one after another: the last of them. */
  #last: Promise<unknown> = Promise.resolve();
  #isRefreshing = false;
  #isStale = false;
  #isClosed = false;
  #ignored = new IgnoredPaths("");

  private constructor(options: FolderStoreOptions) {
    this.#options = options;
    this.#writer = new FolderWriter(options, {
      find: (key) => this.list().find((object) => objectKey(object) === key),
      pathsOf: (key) => this.#pathsOf(key),
      isIgnored: (path) => this.#ignored.covers(path),
      adopt: (edit) => this.#adopt(edit),
    });
  }

  /** Reads everything below the folder and follows its changes from then on. Fails only when the folder cannot be listed. */
  static async open(options: FolderStoreOptions): Promise<OpenedFolder> {
    const store = new FolderStore(options);
    // Watching first: what changes while the files are read is not missed.
    store.#watching = options.files.watch(options.folder, () => store.#lookWithin(BURST_MS));
    const listing = await store.#list();
    if ("reason" in listing) {
      store.close();
      return { kind: "failed", reason: listing.reason };
    }
    await store.#apply(listing.map((entry) => ({ path: entry.path, entry })));
    return { kind: "opened", store };
  }

  list(): readonly ConfigObject[] {
    return this.#store.list();
  }

  problems(): readonly Problem[] {
    return this.#store.problems();
  }

  onChange(listener: ConfigListener): { close(): void } {
    return this.#store.onChange(listener);
  }

  put(request: PutRequest): Promise<PutOutcome> {
    return this.#inTurn(() => this.#writer.put(request));
  }

  remove(key: ObjectKey, condition?: WriteCondition, isDryRun = false): Promise<RemoveOutcome> {
    return this.#inTurn(() => this.#writer.remove(key, condition, isDryRun));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Every file that has a document of this object, the one that is in force first. */
  #pathsOf(key: ObjectKey): readonly string[] {
    const inForce = this.#pathOf.get(key);
    const paths = [...this.#files]
      .filter(([path, { readings }]) => path !== inForce && readings.some((r) => speaksOf(r, key)))
      .map(([path]) => path)
      .sort();
    return inForce === undefined ? paths : [inForce, ...paths];
  }

  /** A file that was just written is read at once: it cannot be half done. */
  async #adopt({ path }: FolderEdit): Promise<void> {
    const listing = await this.#list();
    if ("reason" in listing) return; // the next look finds it
    await this.#apply([{ path, entry: listing.find((entry) => entry.path === path) }]);
  }

  /** Stops following the folder; what was read stays. */
  close(): void {
    this.#isClosed = true;
    this.#watching?.close();
    this.#timer?.timer.cancel();
  }

  #lookWithin(delayMs: number): void {
    if (this.#isClosed) return;
    const atMs = this.#options.clock.nowMs() + delayMs;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.timer.cancel();
    const timer = this.#options.timers.after(delayMs, () => {
      this.#timer = undefined;
      void this.#refresh();
    });
    this.#timer = { timer, atMs };
  }

  /** One at a time; a call during another makes that one go round again. */
  async #refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false;
        await this.#inTurn(() => this.#lookNow());
      }
    } finally {
      this.#isRefreshing = false;
    }
    const nextMs = this.#look.nextLookMs();
    if (nextMs !== undefined) this.#lookWithin(Math.max(0, nextMs - this.#options.clock.nowMs()));
  }

  async #lookNow(): Promise<void> {
    const hadProblem = this.#folderProblem !== undefined;
    const listing = await this.#list();
    if ("reason" in listing) {
      this.#folderProblem = this.#problem(
        `Cannot read the folder: ${listing.reason}; what was read last stays`,
      );
      this.#assemble();
      return;
    }
    const changes = this.#look.handleListing(listing, this.#options.clock.nowMs());
    if (changes.length > 0) await this.#apply(changes);
    else if (hadProblem || this.#folderProblem !== undefined) this.#assemble();
  }

  /** YAML files below the folder that are not ignored. */
  async #list(): Promise<readonly FileEntry[] | { readonly reason: string }> {
    const { files, folder } = this.#options;
    const ignoring = await files.read(`${folder}/${IGNORE_FILE}`);
    const ignored = new IgnoredPaths(
      ignoring.kind === "read" ? new TextDecoder().decode(ignoring.bytes) : "",
    );
    this.#ignored = ignored;
    const listing = await files.list(folder);
    if ("reason" in listing) return listing;
    const yaml = listing.filter(({ path }) => /\.ya?ml$/.test(path) && !ignored.covers(path));
    this.#folderProblem =
      yaml.length > MAX_FILES
        ? this.#problem(
            `Has ${yaml.length} YAML files: at most ${MAX_FILES} are read, the first by path`,
          )
        : undefined;
    return yaml.slice(0, MAX_FILES);
  }

  /** Reads the changed files and shows the outcome of all of them at once. */
  async #apply(changes: readonly FileChange[]): Promise<void> {
    const { files, folder } = this.#options;
    for (const change of changes) {
      const { path, entry } = change;
      if (entry === undefined) {
        this.#files.delete(path);
        this.#look.applied(change);
        continue;
      }
      const file = this.#files.get(path) ?? new FileReadings(`${folder}/${path}`);
      this.#files.set(path, file);
      const reading = await files.read(`${folder}/${path}`);
      if (reading.kind === "read") {
        file.update(reading.bytes);
        this.#look.applied(change);
      } else {
        file.fail(`Cannot read the file: ${reading.reason}`);
        this.#look.failed(change);
      }
    }
    this.#assemble();
  }

  #assemble(): void {
    const before = new Map(this.#store.list().map((object) => [objectKey(object), object]));
    const files = [...this.#files]
      .map(([path, { readings }]) => ({ path, readings }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const kept = withLastGood(files, { objects: before, pathOf: this.#pathOf });
    const pathOf = new Map<ObjectKey, string>();
    for (const { path, readings } of kept) {
      for (const reading of readings) {
        if (reading.kind !== "object") continue;
        const key = objectKey(reading.object);
        if (!pathOf.has(key)) pathOf.set(key, path);
      }
    }
    const { standing, problems } = collect(kept.flatMap(({ readings }) => readings));
    this.#pathOf = pathOf;
    const current = standing.slice(0, MAX_OBJECTS).map((reading) => {
      return inForce(reading, before.get(objectKey(reading.object)));
    });
    this.#store.replace(sortByAge(current), [
      ...(this.#folderProblem === undefined ? [] : [this.#folderProblem]),
      ...tooMany(standing),
      ...shownProblems(problems),
    ]);
    this.#options.log.debug("configuration read", {
      files: this.#files.size,
      objects: current.length,
      problems: problems.length,
    });
  }

  #problem(message: string): Problem {
    const source = { file: this.#options.folder, line: 1, column: 1 };
    return { severity: "error", source, object: undefined, field: "", message };
  }
}

function speaksOf(reading: Reading, key: ObjectKey): boolean {
  if (reading.kind === "object") return objectKey(reading.object) === key;
  return reading.kind === "wrong" && reading.key === key;
}

/** Keeps the old object while the content is the same, so that whoever knows it by identity sees no change. */
function inForce({ object, place }: ObjectReading, before: ConfigObject | undefined): PlacedObject {
  const isSame = before instanceof PlacedObject && before.hash === object.hash;
  const current = isSame ? before : object;
  if (before instanceof PlacedObject && !isSame) object.succeed(before);
  current.moveTo(place);
  return current;
}

function tooMany(standing: readonly ObjectReading[]): Problem[] {
  const first = standing[MAX_OBJECTS];
  if (first === undefined) return [];
  const source = first.place.document.locate(first.place.start);
  const message = `There are ${standing.length} objects: at most ${MAX_OBJECTS} are served, this one and those after it are not`;
  return [{ severity: "error", source, object: undefined, field: "", message }];
}

function shownProblems(problems: readonly LazyProblem[]): Problem[] {
  const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => problem());
  const last = shown.at(-1);
  const hidden = problems.length - shown.length;
  if (hidden > 0 && last !== undefined) {
    shown.push({ ...last, object: undefined, field: "", message: `and ${hidden} more problems` });
  }
  return shown;
}
