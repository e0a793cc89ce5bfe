// Writes the run directory of a mesh: its record anew when a part comes, goes or is another process, and a log of each part.
import type { Clock } from "#base/clock.ts";
import { formatRfc3339 } from "#base/rfc3339.ts";
import type { LineLog, RunFolder } from "#base/run-folder.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { PartIdentity, PartRecord, PartRecorder } from "./parts.ts";
import { type MeshPart, type MeshRecord, RECORD_FILE } from "./run-directory.ts";

/** Parts come and go together: one record for all of them. */
const SETTLE_MS = 50;

export interface RunRecorderPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly folder: RunFolder;
}

type MeshFacts = Omit<MeshRecord, "apiVersion" | "kind" | "startedAt" | "parts" | "urls">;

/** A name from a configuration as a name of a file. */
const fileName = ({ name, kind }: PartIdentity): string => {
  const safe = name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_");
  return `logs/${safe}${kind === "sidecar" || kind === "hostSidecar" ? ".sidecar" : ""}.log`;
};

export class RunRecorder implements PartRecorder {
  readonly #ports: RunRecorderPorts;
  readonly #facts: MeshFacts;
  readonly #startedAt: string;
  readonly #parts = new Map<object, MeshPart>();
  /** An instance and the one that takes its place write to the same log. */
  readonly #logs = new Map<string, LineLog>();
  #urls: readonly string[] = [];
  #settling: Timer | undefined;

  constructor(ports: RunRecorderPorts, facts: MeshFacts) {
    this.#ports = ports;
    this.#facts = facts;
    this.#startedAt = formatRfc3339(ports.clock.wallMs());
    this.#write();
  }

  open(identity: PartIdentity): PartRecord {
    const log = fileName(identity);
    const key = {};
    let part: MeshPart = { ...identity, log };
    const set = (next: MeshPart): void => {
      part = next;
      this.#parts.set(key, part);
      this.#settle();
    };
    set(part);
    return {
      started: (pid) => set({ ...part, pid }),
      ended: () => {
        const { pid: _ended, ...rest } = part;
        if (this.#parts.has(key)) set(rest);
      },
      health: (health) => {
        if (this.#parts.has(key)) set({ ...part, health });
      },
      line: (line, stream) => this.#logOf(log).write(this.#format(line, stream)),
      close: () => {
        this.#parts.delete(key);
        this.#settle();
      },
    };
  }

  /** What to open in a browser. */
  setUrls(urls: readonly string[]): void {
    this.#urls = urls;
    this.#settle();
  }

  /** Nothing is written after this. */
  close(): void {
    this.#settling?.cancel();
    for (const log of this.#logs.values()) log.close();
  }

  /** As container runtimes write them (CRI): moment, stream, F for a full line, text. */
  #format(line: string, stream: "stdout" | "stderr"): string {
    return `${formatRfc3339(this.#ports.clock.wallMs())} ${stream} F ${line}`;
  }

  #logOf(name: string): LineLog {
    const found = this.#logs.get(name) ?? this.#ports.folder.openLog(name);
    this.#logs.set(name, found);
    return found;
  }

  #settle(): void {
    this.#settling ??= this.#ports.timers.after(SETTLE_MS, () => this.#write());
  }

  #write(): void {
    this.#settling = undefined;
    const record: MeshRecord = {
      apiVersion: "sampan.dev/v1",
      kind: "Mesh",
      ...this.#facts,
      startedAt: this.#startedAt,
      urls: this.#urls,
      parts: this.#current(),
    };
    try {
      this.#ports.folder.write(RECORD_FILE, `${JSON.stringify(record, undefined, 2)}\n`);
    } catch {
      // A full disk: the record is older than the mesh, which goes on.
    }
  }

  /** One entry a name and kind: while an instance takes another's place, the new one. */
  #current(): readonly MeshPart[] {
    const byName = new Map<string, MeshPart>();
    for (const part of this.#parts.values()) byName.set(`${part.kind} ${part.name}`, part);
    return [...byName.values()];
  }
}
