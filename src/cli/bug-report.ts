// `sampan bug-report`: everything that helps somebody else to find out what is wrong, in one archive without secrets.
import { Command } from "commander";
import { civilTime } from "#base/civil-time.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import packageJson from "../../package.json" with { type: "json" };
import { type Collected, collect, type Part } from "./bug-report/collect.ts";
import { commandParts } from "./bug-report/command-parts.ts";
import { machineParts } from "./bug-report/machine-parts.ts";
import { pilotParts, proxyParts, type ReportedProxy } from "./bug-report/mesh-parts.ts";
import { runDirectoryParts } from "./bug-report/run-directory-parts.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { adminAddressOf } from "./client/proxies.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatSocketAddress, parseSocketAddress } from "./shell/socket-address.ts";
import { formatTable } from "./shell/table.ts";
import { type FoundMesh, findMeshes } from "./up/run-directory.ts";

interface BugReportFlags {
  readonly output?: string;
  readonly dryRun: boolean;
  readonly pilot: SocketAddress;
}

const README = (
  version: string,
  stamp: string,
): string => `Report of sampan ${version}, ${stamp} UTC.

versions.json

pilot/    pages of the control plane: proxies and what is live on them, services, configuration, problems, metrics, what is wrong
proxies/  of each proxy: configuration as it has it, clusters, statistics
mesh/     what "sampan up" started, and the logs of all of it
machine/  kernel, limits, memory, variables that change how sampan works

Secrets were taken out by rule and replaced by [redacted]: private keys, tokens, authorization and cookie headers,
passwords in URLs, values of variables and fields whose names say that they are secret. No rule finds every secret:
look through the files before you give them to anybody.
`;

/** Those that are connected to the pilot; without a pilot those that `sampan up` started. */
async function knownProxies(
  shell: Shell,
  pilot: SocketAddress,
  meshes: readonly FoundMesh[],
): Promise<readonly ReportedProxy[]> {
  const answer = await new PilotClient(shell.httpClient, pilot).get<unknown>("/debug/syncz");
  if (answer.kind === "answered" && Array.isArray(answer.value)) {
    return (answer.value as readonly ProxyReport[]).map((report) => ({
      name: `${report.name}.${report.namespace}`,
      admin: adminAddressOf(report),
    }));
  }
  return meshes
    .flatMap(({ record }) => record.parts)
    .flatMap(({ name, namespace, admin = "" }) => {
      const address = parseSocketAddress(admin);
      return address === undefined ? [] : [{ name: `${name}.${namespace}`, admin: address }];
    });
}

async function partsOf(shell: Shell, { pilot }: BugReportFlags): Promise<readonly Part[]> {
  const meshes = await findMeshes(shell.files, shell.env);
  return [
    ...pilotParts(shell.httpClient, pilot),
    ...proxyParts(shell.httpClient, await knownProxies(shell, pilot, meshes)),
    ...runDirectoryParts(shell.files, meshes),
    ...commandParts(shell, formatSocketAddress(pilot)),
    ...machineParts(shell.machine, shell.env),
  ];
}

/** "20261124-005055", in UTC. */
function stampOf(wallMs: number): string {
  const { year, month, day, hour, minute, second } = civilTime(Math.floor(wallMs / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${year}${two(month)}${two(day)}-${two(hour)}${two(minute)}${two(second)}`;
}

function describe({ entries }: Collected): string {
  const rows = entries
    .filter(({ missing }) => missing === undefined)
    .map(({ path, sizeBytes, redactedCount }) => [
      path,
      String(sizeBytes),
      redactedCount === 0 ? "" : String(redactedCount),
    ]);
  return formatTable([["FILE", "BYTES", "REDACTED"], ...rows]);
}

async function report(shell: Shell, flags: BugReportFlags): Promise<number> {
  const { terminal } = shell;
  const stamp = stampOf(shell.clock.wallMs());
  const collected = await collect(await partsOf(shell, flags));
  const folder = `sampan-bug-report-${stamp}`;
  const path = flags.output ?? `${folder}.tar.gz`;
  terminal.write(describe(collected));
  for (const { path: part, missing } of collected.entries) {
    if (missing !== undefined) terminal.writeError(`left out: ${part}: ${missing}\n`);
  }
  if (flags.dryRun) {
    terminal.writeError(`Would write ${path}.\n`);
    return EXIT.ok;
  }
  const files = new Map([[`${folder}/README.txt`, README(packageJson.version, stamp)]]);
  for (const [file, text] of collected.files) files.set(`${folder}/${file}`, text);
  const archive = await shell.archiver.pack(files);
  const written = await shell.fileWriter.replace(path, archive);
  if (written.kind === "failed") {
    terminal.writeError(`sampan bug-report: Cannot write ${path}: ${written.reason}\n`);
    return EXIT.failed;
  }
  terminal.write(`\nWrote ${path}, ${archive.byteLength} bytes.\n`);
  terminal.writeError(
    `Secrets were taken out by rule, and no rule finds them all: look through it before you share it.\n  tar -xOf ${path} | less\n`,
  );
  return EXIT.ok;
}

export function bugReportCommand(shell: Shell): Command {
  return new Command("bug-report")
    .description(
      "Collects what helps to find a fault into one archive: versions, preflight, configuration and its problems, the state, configuration and statistics of every proxy, logs, and facts of the machine. Secrets are taken out. What cannot be had is named and left out.",
    )
    .option(
      "-o, --output <file>",
      "the archive to write (default: sampan-bug-report-TIME.tar.gz here)",
    )
    .option("--dry-run", "show what it would hold, and write nothing", false)
    .addOption(pilotOption())
    .addHelpText(
      "after",
      `
Examples:
  sampan bug-report
  sampan bug-report --dry-run
  sampan bug-report -o /tmp/report.tar.gz && tar -tf /tmp/report.tar.gz
`,
    )
    .action(runs(shell, (flags: BugReportFlags) => report(shell, flags)));
}
