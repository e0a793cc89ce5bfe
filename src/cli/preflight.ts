// `sampan preflight`: says everything that is wrong with this machine, at once, before anything starts. Changes nothing.
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { CATALOGUE, KNOWN_NAMES } from "#preflight/catalogue.ts";
import type { Check, CheckDescription } from "#preflight/check.ts";
import { checksFor } from "#preflight/checks-for.ts";
import { isKnownName, suggestName } from "#preflight/ignore-list.ts";
import { toReportJson } from "#preflight/json-report.ts";
import { type Report, runChecks } from "#preflight/runner.ts";
import type { PreflightCommand } from "#preflight/settings.ts";
import {
  formatErrors,
  formatFixes,
  formatStack,
  formatSummary,
  formatTrace,
  formatWarnings,
  HEADER,
} from "#preflight/text-report.ts";
import { readIgnored } from "./preflight/ignore.ts";
import {
  addPreflightOptions,
  addVerbosityOptions,
  type PreflightFlags,
  verbosityOf,
} from "./preflight/options.ts";
import { type TargetFlags, targetSettings } from "./preflight/targets.ts";
import { EXIT } from "./shell/exit-status.ts";
import { addressOption, pilotOption, workerCountOption } from "./shell/options.ts";
import { type OutputFormat, printResult } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface Flags extends TargetFlags, PreflightFlags {
  readonly pilot: SocketAddress;
  readonly config?: string;
  readonly interception: boolean;
  readonly only?: readonly string[];
  readonly list: boolean;
  readonly strict: boolean;
  readonly printFix: boolean;
  readonly output: "text" | Exclude<OutputFormat, "wide">;
}

function printList({ terminal }: Shell, { output }: Flags): number {
  printResult(terminal, output === "text" ? "table" : output, {
    table: () => [
      ["NAME", "CATEGORY", "SEVERITY", "PASSES WHEN"],
      ...CATALOGUE.map(({ name, category, severity, summary }) => [
        name,
        category,
        severity,
        summary,
      ]),
    ],
    value: CATALOGUE satisfies readonly CheckDescription[],
  });
  return EXIT.ok;
}

/** The checks of `--only`, or what is wrong with it. */
function pick(
  command: PreflightCommand,
  checks: readonly Check[],
  only: readonly string[],
): readonly Check[] | string {
  const known = [...checks.map(({ name }) => name), ...KNOWN_NAMES];
  const unknown = only.find((name) => !isKnownName(known, name));
  if (unknown !== undefined) {
    return `only: Invalid value: "${unknown}": no check has this name; ${suggestName(known, unknown)}`;
  }
  const picked = checks.filter(({ name }) => only.some((wanted) => isKnownName([name], wanted)));
  if (picked.length > 0) return picked;
  return `only: ${only.join(", ")} does not concern "sampan ${command}" with these flags`;
}

function tableRows({ results }: Report): readonly (readonly string[])[] {
  const rows: string[][] = [["CATEGORY", "CHECK", "RESULT", "MESSAGE"]];
  for (const { check, errors, warnings } of results) {
    const { category, name, summary } = check;
    for (const { message } of errors) rows.push([category, name, "error", message]);
    for (const { message } of warnings) rows.push([category, name, "warning", message]);
    if (errors.length + warnings.length === 0) rows.push([category, name, "ok", summary]);
  }
  return rows;
}

/** The text of kubeadm comes while the checks run; every other format is one result at the end. */
function report(
  { terminal }: Shell,
  command: PreflightCommand,
  found: Report,
  flags: Flags,
): number {
  const { output, strict, printFix } = flags;
  const isFatal = found.errorCount > 0 || (strict && found.warningCount > 0);
  const status = isFatal ? EXIT.preflight : EXIT.ok;
  if (printFix) {
    terminal.write(formatFixes(found));
  } else if (output !== "text") {
    const value = toReportJson(command, found, strict);
    printResult(terminal, output, { table: () => tableRows(found), value });
  } else if (isFatal) {
    const stack = formatStack(found.results, verbosityOf(flags), `sampan preflight ${command}`);
    terminal.writeError(`error execution phase preflight: ${formatErrors(found)}${stack}`);
  } else {
    terminal.write(formatSummary(found));
  }
  return status;
}

async function run(
  shell: Shell,
  command: PreflightCommand,
  folder: string | undefined,
  flags: Flags,
): Promise<number> {
  if (flags.list) return printList(shell, flags);
  const { terminal } = shell;
  const { pilot, interception, only = [] } = flags;
  const target = await targetSettings(shell, command, folder ?? flags.config, flags);
  // Whoever asks for one of them by name need not ask for all of them.
  const wantsAny = interception || only.length > 0;
  const all = checksFor(command, { ...target, pilot, interception: wantsAny }, false);
  const list = await readIgnored(shell, flags, all, []);
  if (list.kind === "refused") {
    terminal.writeError(`${list.message}\n`);
    return list.status;
  }
  const checks = only.length === 0 ? all : pick(command, all, only);
  if (typeof checks === "string") {
    terminal.writeError(`${checks}\n`);
    return EXIT.usage;
  }
  const isText = flags.output === "text" && !flags.printFix;
  if (isText) terminal.write(HEADER);
  const found = await runChecks(checks, shell, list.ignored, {
    onResult: (result) => {
      if (verbosityOf(flags) > 0) terminal.writeError(formatTrace(result));
      if (isText) terminal.writeError(formatWarnings(result));
    },
  });
  return report(shell, command, found, flags);
}

const EXAMPLES = `
Examples:
  sampan preflight                                  # could "sampan up" run here?
  sampan preflight up examples/bookinfo             # with the ports that its Gateways want
  sampan preflight proxy -c bootstrap.yaml          # ports, open files and names of this file
  sampan preflight --ignore-preflight-errors=Swap   # "all" for every check
  sampan preflight --only Swap,Port-15010 -o json
  sampan preflight --print-fix                      # a script of remedies, to read first
`;

function splitNames(value: string, before: readonly string[] = []): readonly string[] {
  const names = value.split(",").map((name) => name.trim());
  const given = names.filter((name) => name !== "");
  if (given.length === 0) throw new InvalidArgumentError("It names no check.");
  return [...before, ...given];
}

export function preflightCommand(shell: Shell): Command {
  const command = new Command("preflight")
    .description(
      "Runs every check before anything starts, and shows all failures at once, each with its remedy. Nothing is changed.\nEnds with 0, also with warnings; with 2 when there are errors.",
    )
    .addArgument(
      new Argument("[command]", "what is to run on this machine")
        .choices(["pilot", "proxy", "up"])
        .default("up"),
    )
    .argument("[dir]", "folder of configuration, for pilot and up")
    .option("--config <dir>", "the same folder, in the words of pilot")
    .option("-c, --config-path <file>", "bootstrap file, for proxy")
    .option("--concurrency <n>", "worker threads, for proxy", workerCountOption, 1)
    .addOption(
      addressOption("--xds-address <host:port>", "where the pilot is to serve xDS", {
        host: "127.0.0.1",
        port: 15010,
      }),
    )
    .addOption(
      addressOption("--http-address <host:port>", "where the pilot is to serve HTTP", {
        host: "127.0.0.1",
        port: 15014,
      }),
    )
    .option("--state-dir <dir>", "where state is to be kept (default: $XDG_STATE_HOME/sampan)")
    .addOption(
      new Option("--data-plane <kind>", "which proxy is to run, for up")
        .choices(["sampan", "envoy"])
        .default("sampan"),
    )
    .option("--no-host-sidecar", "without a sidecar for programs that have none, for up")
    .addOption(pilotOption())
    .option("--interception", "also what transparent interception needs (iptables, nft)", false)
    .option("--only <checks>", "only these checks, by name", splitNames)
    .option("--list", "list every check, and run none", false)
    .option("--strict", "warnings are fatal too", false)
    .option("--print-fix", "print the remedies as a shell script instead of the report", false)
    .addOption(
      new Option("-o, --output <format>", "format of the result")
        .choices(["text", "table", "json", "yaml"])
        .default("text"),
    );
  addVerbosityOptions(addPreflightOptions(command));
  return command.addHelpText("after", EXAMPLES).action(runs(shell, run.bind(undefined, shell)));
}
