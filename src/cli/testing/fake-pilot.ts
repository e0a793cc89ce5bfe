// A pilot in memory behind the HTTP client port, over a folder in memory: for commands that ask one. Time passes when a command
// waits, and a little with every request.
import type { HttpClient } from "#base/http-client.ts";
import type { FakeTime } from "#base/testing/fake-time.ts";
import type { Timers } from "#base/timers.ts";
import { FakeFiles } from "#pilot/config/testing/fake-files.ts";
import type { Pilot } from "#pilot/pilot.ts";
import { FakeProxy } from "#pilot/testing/fake-proxy.ts";
import { type FolderPilot, startFolderPilot } from "#pilot/testing/folder-pilot.ts";
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

  private constructor({ files, pilot, time }: FolderPilot) {
    this.folder = files;
    this.time = time;
    this.pilot = pilot;
  }

  static async start(content: Readonly<Record<string, string>>): Promise<FakePilot> {
    return new FakePilot(await startFolderPilot(content));
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
