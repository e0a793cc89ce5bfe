// `sampan test`: tests of a configuration. Requests in, what is to become of them out, decided by the code that routes traffic.
import { Command, InvalidArgumentError, Option } from "commander";
import { createColors } from "picocolors";
import type { SocketAddress } from "#base/net.ts";
import packageJson from "../../package.json" with { type: "json" };
import { PilotClient } from "./client/pilot-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";
import {
  type ConfigurationSource,
  remembering,
  sourceOfFolder,
  testedProxy,
} from "./test/configuration-source.ts";
import { formatGithub, formatJunit, formatSarif, formatTap } from "./test/formats.ts";
import { formatTable } from "./test/formats-table.ts";
import { loadConfiguration, loadTests } from "./test/load.ts";
import { reportOf, type TestReport } from "./test/report.ts";
import { runTests } from "./test/run-tests.ts";
import { fromDump, fromMesh } from "./why/find-configuration.ts";

const FORMATS = ["table", "json", "junit", "sarif", "tap", "github"] as const;

interface TestFlags {
  readonly config: string;
  readonly file?: string;
  readonly live?: boolean;
  readonly pilot: SocketAddress;
  readonly run?: RegExp;
  readonly coverage?: boolean;
  readonly assumeServices?: boolean;
  readonly output: (typeof FORMATS)[number];
}

function patternOption(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : "");
  }
}

type OpenedSource =
  | { readonly kind: "opened"; readonly source: ConfigurationSource }
  | { readonly kind: "failed"; readonly status: number; readonly message: string };

async function openSource(shell: Shell, flags: TestFlags): Promise<OpenedSource> {
  if (flags.live === true) return { kind: "opened", source: liveSource(shell, flags.pilot) };
  if (flags.file !== undefined) return openDump(shell, flags.file);
  const loaded = await loadConfiguration(shell, flags.config, flags.assumeServices === true);
  if (loaded.kind === "unreadable") {
    return { kind: "failed", status: EXIT.unreadable, message: loaded.message };
  }
  const { problems, world } = loaded;
  if (problems.length > 0) {
    const message = `${problems.join("\n")}\nThe configuration is not valid: mend it first.`;
    return { kind: "failed", status: EXIT.invalidConfiguration, message };
  }
  return { kind: "opened", source: sourceOfFolder(world) };
}

/** The proxies of a running mesh, with what each holds now. */
function liveSource(shell: Shell, pilot: SocketAddress): ConfigurationSource {
  const client = new PilotClient(shell.httpClient, pilot);
  return remembering(undefined, async (from) => {
    if (from === undefined) {
      const message =
        "Say through whose proxy the requests go: from: WORKLOAD in the test, or at the top of its file";
      return { kind: "failed", message };
    }
    const found = await fromMesh(shell, client, from, NO_TARGET);
    if (found.kind === "failed") return { kind: "failed", message: found.message };
    return { kind: "found", proxy: testedProxy(found.configuration, found.place) };
  });
}

/** `fromMesh` chooses by the request's target only when nobody says from whom. */
const NO_TARGET = {
  method: "GET",
  scheme: "http",
  target: undefined,
  authority: "",
  path: "/",
  headers: [],
} as const;

async function openDump(shell: Shell, file: string): Promise<OpenedSource> {
  const found = await fromDump(shell, file, undefined);
  if (found.kind === "failed") return found;
  const proxy = testedProxy(found.configuration, found.place);
  return { kind: "opened", source: remembering(undefined, async () => ({ kind: "found", proxy })) };
}

function format(report: TestReport, shell: Shell, { output, coverage = false }: TestFlags): string {
  switch (output) {
    case "table":
      return formatTable(report, coverage, createColors(shell.terminal.hasColor));
    case "json":
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case "junit":
      return formatJunit(report);
    case "sarif":
      return formatSarif(report, packageJson.version, coverage);
    case "tap":
      return formatTap(report);
    case "github":
      return formatGithub(report);
  }
}

async function run(shell: Shell, paths: readonly string[], flags: TestFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number): number => {
    terminal.writeError(`sampan test: ${message}\n`);
    return status;
  };
  const tests = await loadTests(shell.files, paths);
  if (tests.kind === "unreadable") return fail(tests.message, EXIT.unreadable);
  if (tests.problems.length > 0) {
    terminal.writeError(tests.problems.map((line) => `${line}\n`).join(""));
    return fail("the tests are not valid: nothing was run.", EXIT.invalidConfiguration);
  }
  const { run: pattern } = flags;
  const cases = tests.cases.filter(
    ({ description }) => pattern === undefined || pattern.test(description),
  );
  if (cases.length === 0)
    return fail(`no description matches --run ${pattern?.source}.`, EXIT.usage);
  const opened = await openSource(shell, flags);
  if (opened.kind === "failed") return fail(opened.message, opened.status);
  const report = reportOf(await runTests(cases, opened.source));
  terminal.write(format(report, shell, flags));
  return report.passed ? EXIT.ok : EXIT.failed;
}

export function testCommand(shell: Shell): Command {
  return new Command("test")
    .description(
      "Runs tests of a configuration: requests, and the destination, rewrite, redirect, fault, timeout, headers that each is to\nmeet, in the format of istio-config-validator with fields of our own. Nothing is started: the code that routes traffic decides.",
    )
    .argument("<path...>", "files of tests, or folders of them")
    .option("--config <dir>", "folder of the configuration", ".")
    .addOption(
      new Option("--file <dump>", "test a proxy's /config_dump?include_eds instead").conflicts(
        "live",
      ),
    )
    .option("--live", "test what the proxies of the running mesh hold instead")
    .addOption(pilotOption())
    .option("--run <regex>", "only test cases whose description matches", patternOption)
    .addOption(
      new Option("--coverage", "say which routes of the folder no test reaches").conflicts([
        "live",
        "file",
      ]),
    )
    .option(
      "--assume-services",
      "hosts that no ServiceEntry of the folder declares exist: services that Kubernetes knows",
    )
    .addOption(
      new Option("-o, --output <format>", "format of the result").choices(FORMATS).default("table"),
    )
    .addHelpText(
      "after",
      `
Examples:
  sampan test tests/ --config mesh/ --coverage
  sampan test reviews.yaml --config mesh/ -o junit > junit.xml
  sampan test tests/ --live
`,
    )
    .action(runs(shell, (paths: readonly string[], flags: TestFlags) => run(shell, paths, flags)));
}
