// What the parts of a running mesh tell of themselves, for those who look at it from outside: which process they are, what they print.
import type { MeshPart } from "./run-directory.ts";

export type PartIdentity = Omit<MeshPart, "pid" | "health" | "log">;

/** One part, from when it is wanted until it is not wanted any more; its process may end and be started again. */
export interface PartRecord {
  started(pid: number): void;
  /** Its process has ended. */
  ended(): void;
  /** Of an instance. */
  health(health: string): void;
  line(line: string, stream: "stdout" | "stderr"): void;
  /** For good. */
  close(): void;
}

export interface PartRecorder {
  open(part: PartIdentity): PartRecord;
}

/** Namespaces are told where they are not the default one, as everywhere. */
export const partName = (name: string, namespace: string): string =>
  namespace === "default" ? name : `${name}.${namespace}`;
