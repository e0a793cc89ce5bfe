// The archiver port on Bun's own tar writer.
import type { Archiver } from "#base/archiver.ts";

export const systemArchiver: Archiver = {
  pack: (files) => new Bun.Archive(Object.fromEntries(files), { compress: "gzip" }).bytes(),
};
