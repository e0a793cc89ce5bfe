// The log of one part, read bit by bit as it grows: what was there, what has come since, also over the change to a new file.
import type { FileEntry, Files } from "#base/files.ts";
import type { MeshPart } from "../up/run-directory.ts";
import { parseLogLine, type TimedLine } from "./log-line.ts";

const NEWLINE = 10;

/** What a look at the run directory found: path below it -> file. */
export type Listing = ReadonlyMap<string, FileEntry>;

export class PartLog {
  readonly part: MeshPart;
  readonly #files: Files;
  /** The run directory. */
  readonly #folder: string;
  readonly #decoder = new TextDecoder();
  #offsetBytes = 0;
  /** Of the file before; it changes only when the log begins a new one. */
  #olderStamp: string | undefined;
  #stamp: string | undefined;
  #isFirst = true;

  constructor(files: Files, folder: string, part: MeshPart) {
    this.#files = files;
    this.#folder = folder;
    this.part = part;
  }

  /** Whole lines that were not read before; the first time all that there are. */
  async readNew(listing: Listing): Promise<readonly TimedLine[]> {
    const { log } = this.part;
    const older = listing.get(`${log}.1`);
    const current = listing.get(log);
    const lines: string[] = [];
    if (older?.stamp !== this.#olderStamp) {
      // What stood in the file that has become the older one: its end, or all of it the first time.
      lines.push(...(await this.#readFrom(`${log}.1`, this.#isFirst ? 0 : this.#offsetBytes)));
      this.#olderStamp = older?.stamp;
      this.#offsetBytes = 0;
      this.#stamp = undefined;
    }
    if (current !== undefined && current.stamp !== this.#stamp) {
      lines.push(...(await this.#readFrom(log, this.#offsetBytes)));
      this.#stamp = current.stamp;
    }
    this.#isFirst = false;
    return lines.flatMap((line) => parseLogLine(line, this.part) ?? []);
  }

  /** Up to the last whole line; what stands behind it is read the next time. */
  async #readFrom(name: string, startByte: number): Promise<readonly string[]> {
    const reading = await this.#files.read(`${this.#folder}/${name}`);
    if (reading.kind === "failed") return [];
    const end = reading.bytes.lastIndexOf(NEWLINE) + 1;
    if (end <= startByte) return [];
    this.#offsetBytes = end;
    return this.#decoder.decode(reading.bytes.subarray(startByte, end - 1)).split("\n");
  }
}
