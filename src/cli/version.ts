// `sampan version`: of this program, of the pilot, and of the proxies that are connected to it.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import packageJson from "../../package.json" with { type: "json" };
import { AdminClient } from "./client/admin-client.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { adminAddressOf } from "./client/proxies.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { type OutputFormat, outputOption, printResult } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";

/** `sampan version -o json`. */
export interface VersionReport {
  readonly client: { readonly version: string; readonly runtime: string };
  /** Left out when no pilot answers. */
  readonly pilot?: { readonly address: string; readonly proxyCount: number };
  readonly proxies: readonly ProxyVersion[];
}

export interface ProxyVersion {
  /** "reviews-v1-1.default" */
  readonly name: string;
  /** As its admin page /server_info says, "sampan/0.1.0" or Envoy's; "unknown" when that does not answer. */
  readonly version: string;
}

interface VersionFlags {
  readonly client: boolean;
  readonly output: OutputFormat;
  readonly pilot: SocketAddress;
}

async function versionOf(shell: Shell, report: ProxyReport): Promise<ProxyVersion> {
  const name = `${report.name}.${report.namespace}`;
  const answer = await new AdminClient(shell.httpClient, adminAddressOf(report)).get(
    "/server_info",
  );
  if (answer.kind === "failed") return { name, version: "unknown" };
  try {
    const { version } = JSON.parse(answer.body) as { readonly version?: unknown };
    return { name, version: typeof version === "string" ? shortVersion(version) : "unknown" };
  } catch {
    return { name, version: "unknown" };
  }
}

/** Envoy says "9e55…/1.40.0/Clean/RELEASE/BoringSSL". */
function shortVersion(version: string): string {
  const [, number] = /^[0-9a-f]{40}\/([^/]+)\//.exec(version) ?? [];
  return number === undefined ? plain(version) : `envoy/${plain(number)}`;
}

async function look(shell: Shell, pilot: SocketAddress): Promise<VersionReport> {
  const client = { version: packageJson.version, runtime: `bun ${shell.machine.runtimeVersion}` };
  const syncz = new PilotClient(shell.httpClient, pilot);
  const answer = await syncz.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return { client, proxies: [] };
  const address = `${pilot.host}:${pilot.port}`;
  const proxies = await Promise.all(answer.value.map((report) => versionOf(shell, report)));
  return { client, pilot: { address, proxyCount: proxies.length }, proxies };
}

/** "sampan/0.1.0 (8 proxies)": few versions, however many proxies. */
function summary(proxies: readonly ProxyVersion[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { version } of proxies) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].map(
    ([version, count]) => `${version} (${count} ${count === 1 ? "proxy" : "proxies"})`,
  );
}

async function run(shell: Shell, flags: VersionFlags): Promise<number> {
  const client = { version: packageJson.version, runtime: `bun ${shell.machine.runtimeVersion}` };
  const report = flags.client ? { client, proxies: [] } : await look(shell, flags.pilot);
  const lines: string[][] = [["client version:", `${client.version}, ${client.runtime}`]];
  if (report.pilot !== undefined) lines.push(["pilot:", `${report.pilot.address}`]);
  for (const text of summary(report.proxies)) lines.push(["data plane version:", text]);
  printResult(shell.terminal, flags.output, {
    table: () => lines,
    wide: () => [
      ...lines,
      ...report.proxies.map(({ name, version }) => [`  ${plain(name)}`, version]),
    ],
    value: report,
  });
  if (!flags.client && report.pilot === undefined) {
    shell.terminal.writeError("No pilot answers: only the version of this program is known.\n");
  }
  return EXIT.ok;
}

export function versionCommand(shell: Shell): Command {
  return new Command("version")
    .description(
      "Prints the versions of this program and of the proxies that are connected to the pilot, as they say it themselves.",
    )
    .option("--client", "only of this program", false)
    .addOption(outputOption())
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan version\n  sampan version --client\n  sampan version -o json\n",
    )
    .action(runs(shell, (flags: VersionFlags) => run(shell, flags)));
}
