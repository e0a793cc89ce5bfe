// `sampan logs`: what the parts of the running mesh print, from the logs in its run directory.
import { Command, InvalidArgumentError, Option } from "commander";
import { pickMesh } from "./client/running-mesh.ts";
import { type Container, chooseParts, whyUnknown } from "./logs/choose-parts.ts";
import type { TimedLine } from "./logs/log-line.ts";
import { LogPrinter } from "./logs/log-printer.ts";
import { type Listing, PartLog } from "./logs/part-log.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pauses } from "./shell/live-view.ts";
import { durationOption, wholeNumberOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { type FoundMesh, type MeshPart, parseMeshRecord, RECORD_FILE } from "./up/run-directory.ts";

/** A line is shown this long after it was written, at the latest. */
const POLL_MS = 200;

interface LogsFlags {
  readonly mesh?: string;
  readonly container?: Container;
  readonly follow: boolean;
  readonly since?: number;
  readonly tail?: number;
  readonly prefix?: boolean;
  readonly timestamps: boolean;
  readonly output: "table" | "json";
}

async function listingOf(shell: Shell, { path }: FoundMesh): Promise<Listing> {
  const listing = await shell.files.list(path);
  return new Map("kind" in listing ? [] : listing.map((entry) => [entry.path, entry]));
}

/** The parts as the mesh has them now; undefined when it has ended. */
async function currentParts(
  shell: Shell,
  { path }: FoundMesh,
): Promise<readonly MeshPart[] | undefined> {
  const reading = await shell.files.read(`${path}/${RECORD_FILE}`);
  if (reading.kind === "failed") return undefined;
  return parseMeshRecord(new TextDecoder().decode(reading.bytes))?.parts;
}

/** The logs of one mesh that are shown; they become more when parts come. */
class ShownLogs {
  readonly #shell: Shell;
  readonly #mesh: FoundMesh;
  readonly #logs = new Map<string, PartLog>();
  readonly #printer: LogPrinter;

  constructor(shell: Shell, mesh: FoundMesh, printer: LogPrinter) {
    this.#shell = shell;
    this.#mesh = mesh;
    this.#printer = printer;
  }

  add(parts: readonly MeshPart[]): void {
    for (const part of parts) {
      if (this.#logs.has(part.log)) continue;
      this.#logs.set(part.log, new PartLog(this.#shell.files, this.#mesh.path, part));
      this.#printer.addPart(part);
    }
  }

  /** Of all parts in the order of time; of each part no more than the last `tail`. */
  async show(keep: (line: TimedLine) => boolean, tail: number): Promise<void> {
    const listing = await listingOf(this.#shell, this.#mesh);
    const lines: TimedLine[] = [];
    for (const log of this.#logs.values()) {
      const kept = (await log.readNew(listing)).filter(keep);
      lines.push(...kept.slice(Math.max(0, kept.length - tail)));
    }
    lines.sort((a, b) => a.wallMs - b.wallMs); // a stable sort: lines of one moment stay in order
    if (lines.length > 0) this.#printer.print(lines);
  }
}

function whyNothing(names: readonly string[], { container }: LogsFlags): string {
  return names.length === 0
    ? `This mesh has no ${container ?? "part"} yet: follow what comes with -f`
    : `${names.join(", ")} has no ${container}`;
}

async function logs(shell: Shell, names: readonly string[], flags: LogsFlags): Promise<number> {
  const { terminal, clock } = shell;
  const refuse = (message: string): number => {
    terminal.writeError(`sampan logs: ${message}\n`);
    return EXIT.failed;
  };
  const picked = await pickMesh(shell, flags.mesh);
  if (picked.kind === "failed") return refuse(picked.message);
  const { mesh } = picked;
  const unknown = whyUnknown(mesh.record.parts, names);
  if (unknown !== undefined) return refuse(unknown);
  const chosen = chooseParts(mesh.record.parts, names, flags.container);
  // Who follows all of them waits for the first.
  const mayCome = names.length === 0 && flags.follow;
  if (chosen.length === 0 && !mayCome) return refuse(whyNothing(names, flags));
  const printer = new LogPrinter(terminal, {
    format: flags.output,
    hasTimestamps: flags.timestamps,
    hasPrefix: flags.prefix ?? (chosen.length > 1 || flags.follow),
  });
  const shown = new ShownLogs(shell, mesh, printer);
  shown.add(chosen);
  const sinceMs =
    flags.since === undefined ? Number.NEGATIVE_INFINITY : clock.wallMs() - flags.since;
  await shown.show(({ wallMs }) => wallMs >= sinceMs, flags.tail ?? Number.POSITIVE_INFINITY);
  if (flags.follow) await follow(shell, mesh, shown, names, flags.container);
  return EXIT.ok;
}

/** Until the person has had enough, or the mesh ends. */
async function follow(
  shell: Shell,
  mesh: FoundMesh,
  shown: ShownLogs,
  names: readonly string[],
  container: Container | undefined,
): Promise<void> {
  const stop = shell.catchStop();
  const pause = pauses(shell, stop.stopped);
  const all = (): boolean => true;
  while (!stop.isStopped) {
    await pause(POLL_MS);
    const parts = await currentParts(shell, mesh);
    shown.add(chooseParts(parts ?? [], names, container));
    await shown.show(all, Number.POSITIVE_INFINITY);
    if (parts !== undefined) continue;
    shell.terminal.writeError("The mesh has ended.\n");
    return;
  }
}

function tailOption(text: string): number {
  const count = wholeNumberOption(text);
  if (count === 0) throw new InvalidArgumentError("Must be at least 1.");
  return count;
}

export function logsCommand(shell: Shell): Command {
  return new Command("logs")
    .description(
      "Prints what the parts of the running mesh have printed: programs, sidecars, gateways, the pilot. A name may be the beginning of several: reviews means all its instances. The logs are kept while the mesh runs, the last 4 to 8 MiB of each part.",
    )
    .argument("[part...]", "names of parts, as in sampan status; left out: all of them")
    .option("-f, --follow", "go on with what comes, until Ctrl-C", false)
    .addOption(
      new Option("-c, --container <kind>", "only programs, or only sidecars").choices([
        "program",
        "sidecar",
      ]),
    )
    .addOption(durationOption("--since <duration>", "only lines of the last such time", undefined))
    .option("--tail <n>", "only the last lines of each part", tailOption)
    .option("--prefix", "the part's name before each line, also of a single one")
    .option("--no-prefix", "no names")
    .option("--timestamps", "when each line came", false)
    .option("--mesh <name>", "which mesh, where several run")
    .addOption(
      new Option("-o, --output <format>", "lines, or one JSON object a line")
        .choices(["table", "json"])
        .default("table"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  sampan logs reviews-v1-1\n  sampan logs -f -c sidecar\n  sampan logs reviews --since 1m -o json\n",
    )
    .action(runs(shell, (names: string[], flags: LogsFlags) => logs(shell, names, flags)));
}
