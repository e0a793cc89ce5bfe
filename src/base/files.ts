// The file port: what reads and watches folders and files, and appends to logs.

export interface FileEntry {
  /** Relative to the folder that was listed, with `/` between parts. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Changes whenever the content may have: modification time and inode, as text. */
  readonly stamp: string;
}

export type Reading =
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly reason: string };

/** A file kept open for appending; what is written is flushed within the adapter's interval and at `close`. */
export interface Appender {
  write(bytes: Uint8Array): void;
  /** Bytes taken by `write` that the system has not yet; left out where every write is done at once. */
  readonly backlogBytes?: number;
  flush(): void;
  close(): void;
}

export interface Files {
  read(path: string): Promise<Reading>;
  /** Regular files below `folder`, sorted by path; symbolic links are followed, dot files and dot folders left out. */
  list(
    folder: string,
  ): Promise<readonly FileEntry[] | { readonly kind: "failed"; readonly reason: string }>;
  /** Calls `changed` soon after anything below `folder` may have changed (also when in doubt), until closed. */
  watch(folder: string, changed: () => void): { close(): void };
  /** Opens for appending; the paths `/dev/stdout` and `/dev/stderr` mean this process's own. */
  append(path: string): Appender | { readonly kind: "failed"; readonly reason: string };
}
