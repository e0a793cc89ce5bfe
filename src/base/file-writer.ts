// The port that changes the file system: whole files put in place or taken away, folders made.

export type Written =
  | { readonly kind: "written" }
  | { readonly kind: "failed"; readonly reason: string };

export interface FileWriter {
  /**
   * Replaces or makes the file, and the folders above it; all or nothing, on disk when it resolves. A new file gets `mode`
   * (0600 unless told); one that is there keeps its own, and a link stays a link.
   */
  replace(path: string, content: string | Uint8Array, mode?: number): Promise<Written>;
  /** Takes the file away; one that is not there is fine. */
  remove(path: string): Promise<Written>;
}
