// The port for one small file of our own that outlives the process: read at start, replaced as a whole.

export interface StateFile {
  /** What was last written; undefined when there is nothing, or nothing that can be read. */
  read(): Promise<string | undefined>;
  /** Replaces it soon, all or nothing: after a crash the file holds this text or an earlier one, never a part. */
  write(text: string): void;
}
