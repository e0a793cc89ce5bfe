// What a look at one part of the mesh comes to, in a sentence.

export interface Finding {
  /** "wrong": requests fail for it. "note": worth knowing. */
  readonly mark: "ok" | "wrong" | "note";
  readonly message: string;
  /** What to do about what is wrong. */
  readonly fix?: string;
}

/** The shape of `-o json`. */
export interface TroubleshootReport {
  readonly healthy: boolean;
  /** In the order of the walk; from one workload to another it ends with the first thing that is wrong. */
  readonly findings: readonly Finding[];
}

export const ok = (message: string): Finding => ({ mark: "ok", message });
export const note = (message: string): Finding => ({ mark: "note", message });
export const wrong = (message: string, fix: string): Finding => ({ mark: "wrong", message, fix });

export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
