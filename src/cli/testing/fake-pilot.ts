// A pilot in memory behind the HTTP client port, over a folder in memory: for commands that ask one. Time passes when a command
// waits, and a little with every request.
import type { HttpClient } from "#base/http-client.ts";
import { SILENT_LOG } from "#base/log.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { Timers } from "#base/timers.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { FakeFiles } from "#pilot/config/testing/fake-files.ts";
import { DEFAULT_MESH_SETTINGS } from "#pilot/model/mesh-settings.ts";
import { Pilot } from "#pilot/pilot.ts";
import { FakeProxy } from "#pilot/testing/fake-proxy.ts";
import type { Shell } from "../shell/shell.ts";
import { type Ran, runFake } from "./fake-shell.ts";

const REQUEST_MS = 10;

export class FakePilot {
  /** The pilot's folder, "mesh". */
  readonly folder: FakeFiles;
  readonly pilot: Pilot;
  readonly time: FakeTime;
  /** Set: nobody is there. */
  isAway = false;
  /** Every request that changed something: "PUT /apis/…". */
  readonly writes: string[] = [];
  /** What the person has on disk, below "here". */
  readonly files: FakeFiles = new FakeFiles("here");
  #proxies = 0;

  private constructor(folder: FakeFiles, store: FolderStore, time: FakeTime) {
    this.folder = folder;
    this.time = time;
    this.pilot = new Pilot({
      clock: time,
      timers: time,
      log: SILENT_LOG,
      store,
      mesh: DEFAULT_MESH_SETTINGS,
      debounceMs: 100,
      version: "1.2.3",
      state: undefined,
      savedState: undefined,
    });
  }

  static async start(content: Readonly<Record<string, string>>): Promise<FakePilot> {
    const folder = new FakeFiles("mesh");
    for (const [path, text] of Object.entries(content)) folder.write(path, text);
    const time = new FakeTime();
    const opened = await FolderStore.open({
      folder: "mesh",
      files: folder,
      fileWriter: folder.writer,
      clock: time,
      timers: time,
      log: SILENT_LOG,
    });
    if (opened.kind !== "opened") throw new Error(opened.reason);
    return new FakePilot(folder, opened.store, time);
  }

  /** `refuses`: type URL -> words. */
  connect(refuses?: Readonly<Record<string, string>>): void {
    this.#proxies += 1;
    const name = `proxy-${this.#proxies}`;
    const address = `127.77.91.${this.#proxies}`;
    new FakeProxy(
      this.pilot.xdsService,
      refuses === undefined ? { name, address } : { name, address, refuses },
    );
  }

  readonly httpClient: HttpClient = {
    request: async ({ method, url, headers = {}, body = "" }) => {
      this.time.advance(REQUEST_MS);
      if (this.isAway) return { kind: "failed", reason: "connect ECONNREFUSED" };
      const { pathname, searchParams, host, search } = new URL(url);
      if (method !== "GET") this.writes.push(`${method} ${pathname}${search}`);
      const answer = await this.pilot.httpService({
        method,
        path: pathname,
        query: searchParams,
        headers: { host, ...headers },
        body,
      });
      return { kind: "answered", status: answer.status, body: answer.body };
    },
  };

  /** Who waits makes the time pass. */
  readonly timers: Timers = {
    after: (delayMs, callback) => {
      const timer = this.time.after(delayMs, callback);
      queueMicrotask(() => this.time.advance(delayMs));
      return timer;
    },
    every: (intervalMs, callback) => this.time.every(intervalMs, callback),
  };

  run(args: readonly string[], overrides: Partial<Shell> = {}): Promise<Ran> {
    return runFake(args, {
      httpClient: this.httpClient,
      clock: this.time,
      timers: this.timers,
      files: this.files,
      fileWriter: this.files.writer,
      ...overrides,
    });
  }
}
