// The machine that commands about a running mesh look at: run directories and the process table, in memory.
import type { FileEntry, Files } from "#base/files.ts";
import type { MeshPart, MeshRecord } from "../up/run-directory.ts";

const STATE = "/state/sampan/meshes";

/** The environment in which its run directories are found. */
export const STATE_ENV: Readonly<Record<string, string>> = { XDG_STATE_HOME: "/state" };

export class FakeRunDirectory implements Files {
  readonly #files = new Map<string, { readonly text: string; readonly stamp: string }>();
  #edits = 0;

  constructor() {
    this.write("/proc/self/stat", "1 (bun) S");
  }

  write(path: string, text: string): void {
    this.#edits += 1;
    this.#files.set(path, { text, stamp: String(this.#edits) });
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  text(path: string): string | undefined {
    return this.#files.get(path)?.text;
  }

  /** A mesh that runs, by process `pid`. */
  addMesh(
    name: string,
    pid: number,
    parts: readonly MeshPart[],
    more: Partial<MeshRecord> = {},
  ): void {
    this.startProcess(pid, "7700");
    this.setRecord(name, pid, parts, more);
  }

  setRecord(
    name: string,
    pid: number,
    parts: readonly MeshPart[],
    more: Partial<MeshRecord> = {},
  ): void {
    const record: MeshRecord = {
      apiVersion: "sampan.dev/v1",
      kind: "Mesh",
      pid,
      pidStart: "7700",
      directory: "/home/jo/shop",
      dataPlane: "sampan",
      xds: "127.0.0.1:15010",
      http: "127.0.0.1:15014",
      startedAt: "2026-01-02T03:03:00.000Z",
      urls: ["http://127.0.0.1:8080"],
      parts,
      ...more,
    };
    this.write(`${STATE}/${name}/mesh.json`, JSON.stringify(record));
  }

  endMesh(name: string, pid: number): void {
    this.remove(`${STATE}/${name}/mesh.json`);
    this.endProcess(pid);
  }

  startProcess(pid: number, startTime: string): void {
    // Its name holds what programs' names may hold.
    const fields = ["S", ...Array.from({ length: 18 }, (_, index) => String(index)), startTime];
    this.write(`/proc/${pid}/stat`, `${pid} (a) b) ${fields.join(" ")} 0 0`);
  }

  endProcess(pid: number): void {
    this.remove(`/proc/${pid}/stat`);
  }

  /** Adds lines to a log, as they stand in it. */
  log(name: string, log: string, ...lines: readonly string[]): void {
    const path = `${STATE}/${name}/${log}`;
    this.write(path, `${this.text(path) ?? ""}${lines.map((line) => `${line}\n`).join("")}`);
  }

  /** As a log that is full: it becomes the older one. */
  rotate(name: string, log: string): void {
    const path = `${STATE}/${name}/${log}`;
    this.write(`${path}.1`, this.text(path) ?? "");
    this.remove(path);
  }

  read: Files["read"] = async (path) => {
    const text = this.text(path);
    if (text === undefined) return { kind: "failed", reason: "ENOENT" };
    return { kind: "read", bytes: new TextEncoder().encode(text) };
  };

  list: Files["list"] = async (folder) => {
    const found: FileEntry[] = [];
    for (const [path, { text, stamp }] of this.#files) {
      if (!path.startsWith(`${folder}/`)) continue;
      found.push({ path: path.slice(folder.length + 1), sizeBytes: text.length, stamp });
    }
    if (found.length === 0) return { kind: "failed", reason: "ENOENT" };
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  };

  watch(): { close(): void } {
    return { close() {} };
  }

  append(): { readonly kind: "failed"; readonly reason: string } {
    return { kind: "failed", reason: "nobody writes here" };
  }
}

export const part = (name: string, more: Partial<MeshPart> = {}): MeshPart => ({
  name,
  kind: "instance",
  namespace: "default",
  address: "127.0.1.2",
  pid: 101,
  health: "healthy",
  log: `logs/${name}${more.kind === "sidecar" ? ".sidecar" : ""}.log`,
  ...more,
});
