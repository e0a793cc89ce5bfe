// `sampan analyze`: what configuration cannot do together, before it is applied; in istioctl's format and with its codes.
import { Command, Option } from "commander";
import { nearest } from "#base/nearest.ts";
import type { SocketAddress } from "#base/net.ts";
import { sortByAge } from "#pilot/config/parse-objects.ts";
import { type ConfigObject, objectKey } from "#pilot/model/object.ts";
import packageJson from "../../package.json" with { type: "json" };
import { ALL_CODES, isAtLeast, LEVELS, type Level } from "./analyze/codes.ts";
import {
  type Finding,
  findingsOf,
  formatFinding,
  isSuppressed,
  parseSuppression,
  type Suppression,
} from "./analyze/findings.ts";
import { loadPilotObjects } from "./analyze/pilot-objects.ts";
import { sarifOf } from "./analyze/sarif.ts";
import { worldOf } from "./client/folder-world.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { filesOption } from "./config/flags.ts";
import { readObjectFiles } from "./config/object-files.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatTable } from "./shell/table.ts";

/** A code may be one of Istio's that nothing here finds: worth a word, no mistake. */
function unknownCode(text: string): string {
  const [wanted = ""] = text.toUpperCase().split("=", 1);
  const near = nearest(
    wanted,
    ALL_CODES.map(({ code }) => code),
  );
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  return `no finding has that code; ${hint}sampan analyze --list-analyzers names them`;
}

interface AnalyzeFlags {
  readonly filename: readonly string[];
  readonly against?: "pilot";
  readonly suppress: readonly string[];
  readonly failureThreshold: Level;
  readonly outputThreshold: Level;
  readonly output: "log" | "json" | "yaml" | "sarif";
  readonly listAnalyzers: boolean;
  readonly pilot: SocketAddress;
}

async function run(shell: Shell, paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number): number => {
    terminal.writeError(`sampan analyze: ${message}\n`);
    return status;
  };
  if (flags.listAnalyzers) {
    const rows = ALL_CODES.map(({ code, level, name, description }) => [
      code,
      level,
      name,
      description,
    ]);
    terminal.write(formatTable([["CODE", "LEVEL", "NAME", "WHAT IT FINDS"], ...rows]));
    return EXIT.ok;
  }
  const suppressions: Suppression[] = [];
  for (const text of flags.suppress) {
    const parsed = parseSuppression(text);
    if (parsed === undefined)
      return fail(
        `cannot read --suppress ${JSON.stringify(text)}: write "IST0101=VirtualService reviews.default", "*" for any`,
        EXIT.usage,
      );
    if (!ALL_CODES.some(({ code }) => parsed.code.test(code))) {
      terminal.writeError(`--suppress ${plain(text)} leaves nothing out: ${unknownCode(text)}\n`);
    }
    suppressions.push(parsed);
  }
  const inputs = [...paths, ...flags.filename];
  const isPilotOnly = inputs.length === 0 && flags.against === "pilot";
  const files = isPilotOnly || inputs.length > 0 ? inputs : ["."];
  const found = await analysis(shell, files, flags);
  if ("message" in found) return fail(found.message, found.status);
  const shown = found.findings.filter((each) => !isSuppressed(each, suppressions));
  report(
    shell,
    shown.filter(({ level }) => isAtLeast(level, flags.outputThreshold)),
    isPilotOnly ? "the pilot" : files.join(", "),
    flags,
  );
  return shown.some(({ level }) => isAtLeast(level, flags.failureThreshold))
    ? EXIT.issuesFound
    : EXIT.ok;
}

async function analysis(
  shell: Shell,
  files: readonly string[],
  flags: AnalyzeFlags,
): Promise<
  { readonly findings: readonly Finding[] } | { readonly message: string; readonly status: number }
> {
  const read = await readObjectFiles(shell, files);
  if (read.kind === "unreadable") return { message: read.message, status: EXIT.unreadable };
  const local = read.objects.map(({ object }): ConfigObject => object);
  const own = new Set(local.map(objectKey));
  let others: readonly ConfigObject[] = [];
  if (flags.against === "pilot") {
    const loaded = await loadPilotObjects(new PilotClient(shell.httpClient, flags.pilot));
    if (loaded.kind === "failed") return { message: loaded.message, status: EXIT.failed };
    others = loaded.objects.filter((object) => !own.has(objectKey(object)));
  }
  return { findings: findingsOf(worldOf(sortByAge([...others, ...local]), read.problems)) };
}

function report(
  shell: Shell,
  findings: readonly Finding[],
  what: string,
  { output }: AnalyzeFlags,
): void {
  const { terminal } = shell;
  if (output === "sarif") {
    terminal.write(`${JSON.stringify(sarifOf(findings, packageJson.version), undefined, 2)}\n`);
  } else if (output !== "log") {
    terminal.write(formatResult(output, { table: () => [], value: findings }));
  } else if (findings.length === 0) {
    terminal.write(`✔ No validation issues found when analyzing ${what}.\n`);
  } else {
    terminal.write(findings.map((finding) => `${formatFinding(finding)}\n`).join(""));
    terminal.writeError(`Analyzers found issues when analyzing ${what}.\n`);
  }
}

const repeated = (text: string, before: readonly string[]): readonly string[] => [...before, text];

const levelOption = (flags: string, description: string, fallback: Level): Option =>
  new Option(flags, description).choices([...LEVELS]).default(fallback);

export function analyzeCommand(shell: Shell): Command {
  return new Command("analyze")
    .description(
      "Looks at configuration as a whole, before it is applied: hosts, subsets and gateways that do not exist, routes that\nnobody reaches, objects that get in each other's way. Istio's codes; exit status 79 when there are findings.",
    )
    .argument("[path...]", 'files or folders; "." without')
    .addOption(filesOption())
    .addOption(
      new Option(
        "--against <what>",
        "together with what runs: files count in place of objects of the same name",
      ).choices(["pilot"]),
    )
    .addOption(
      new Option(
        "-S, --suppress <code=object>",
        'leave out findings: "IST0101=VirtualService reviews.default"',
      )
        .argParser(repeated)
        .default([], "none"),
    )
    .addOption(
      levelOption(
        "--failure-threshold <level>",
        "the least that makes the exit status 79",
        "Error",
      ),
    )
    .addOption(levelOption("--output-threshold <level>", "the least that is shown", "Info"))
    .addOption(
      new Option("-o, --output <format>", "format of the result")
        .choices(["log", "json", "yaml", "sarif"])
        .default("log"),
    )
    .option("-L, --list-analyzers", "list what is looked for", false)
    .addOption(
      new Option("--use-kube [bool]", "for istioctl's sake: there is none to use")
        .choices(["true", "false"])
        .hideHelp(),
    )
    .addOption(
      new Option(
        "-R, --recursive",
        "for istioctl's sake: folders are always read whole",
      ).hideHelp(),
    )
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan analyze mesh/\n  sampan analyze reviews.yaml --against pilot\n  sampan analyze mesh/ -o sarif --failure-threshold Warning\n",
    )
    .action(
      runs(shell, (paths: readonly string[], flags: AnalyzeFlags) => run(shell, paths, flags)),
    );
}
