// .sampanignore: paths below the configuration folder that are not configuration (docs/decisions/0007).

/** At the top of the folder; one path a line, relative to it; "#" begins a comment. No patterns. */
export const IGNORE_FILE = ".sampanignore";

export class IgnoredPaths {
  readonly #paths: readonly string[];

  constructor(text: string) {
    this.#paths = text
      .split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .map((line) => line.replace(/^\.\//, "").replace(/\/+$/, ""))
      .filter((line) => line !== "");
  }

  /** The path itself, or a folder above it, is named. */
  covers(path: string): boolean {
    return this.#paths.some((ignored) => path === ignored || path.startsWith(`${ignored}/`));
  }
}
