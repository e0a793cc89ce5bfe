// The port for the folder of a running program: small files that others read, logs of a bounded size, and all of it gone in the end.

/** Lines added at the end of a file that is kept to a size: when it is full it becomes NAME.1, in place of the one before. */
export interface LineLog {
  /** Without its end. Never waits and never fails: where the disk is full, lines are lost. */
  write(line: string): void;
  close(): void;
}

export interface RunFolder {
  readonly path: string;
  /** Puts a file in place at once, all or nothing, readable by this user alone; answers its path. */
  write(name: string, text: string): string;
  /** Opens for adding; folders above it are made. */
  openLog(name: string): LineLog;
  /** Takes everything away, and nothing is written any more. */
  remove(): void;
}
