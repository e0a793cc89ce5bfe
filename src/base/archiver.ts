// The port that packs files into one.

export interface Archiver {
  /** A gzipped tar archive of the files by their paths, which have `/` between parts and do not begin with one. */
  pack(files: ReadonlyMap<string, string>): Promise<Uint8Array>;
}
