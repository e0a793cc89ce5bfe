// `sampan version`: of this program, of the pilot, and of the proxies that are connected to it.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { minorsApart, parseVersion } from "#preflight/version.ts";
import packageJson from "../../package.json" with { type: "json" };
import { AdminClient } from "./client/admin-client.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { adminAddressOf } from "./client/proxies.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { type OutputFormat, outputOption, printResult } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatSocketAddress } from "./shell/socket-address.ts";

/** `sampan version -o json`. */
export interface VersionReport {
  readonly client: { readonly version: string; readonly runtime: string };
  /** Left out when no pilot answers. */
  readonly pilot?: {
    readonly address: string;
    /** As its page /version says, "0.1.0"; "unknown" when it has none. */
    readonly version: string;
    readonly proxyCount: number;
  };
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
  readonly short: boolean;
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

/** Kubernetes' page, whose version begins with "v". */
async function versionOfPilot(pilot: PilotClient): Promise<string> {
  const answer = await pilot.get<{ readonly gitVersion?: unknown }>("/version");
  const version = answer.kind === "answered" ? answer.value.gitVersion : undefined;
  return typeof version === "string" ? plain(version.replace(/^v/, "")) : "unknown";
}

async function look(shell: Shell, address: SocketAddress): Promise<VersionReport> {
  const client = ownVersion(shell);
  const pilot = new PilotClient(shell.httpClient, address);
  const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return { client, proxies: [] };
  const [version, ...proxies] = await Promise.all([
    versionOfPilot(pilot),
    ...answer.value.map((report) => versionOf(shell, report)),
  ]);
  const where = formatSocketAddress(address);
  return { client, pilot: { address: where, version, proxyCount: proxies.length }, proxies };
}

const ownVersion = (shell: Shell): VersionReport["client"] => ({
  version: packageJson.version,
  runtime: `bun ${shell.machine.runtimeVersion}`,
});

/** Each version is tested with the one before and the one after it. */
const MAX_MINORS_APART = 1;
const OWN_AGENT = "sampan/";

/** What is of a version too far from this program's, a sentence each; Envoys have versions of their own. */
function skews({ client, pilot, proxies }: VersionReport): readonly string[] {
  const own = parseVersion(client.version);
  const isTooFar = (text: string): boolean => {
    const theirs = parseVersion(text);
    if (own === undefined || theirs === undefined) return false;
    const apart = minorsApart(own, theirs);
    return apart === undefined || apart > MAX_MINORS_APART;
  };
  const ours = proxies
    .map(({ version }) => version)
    .filter((version) => version.startsWith(OWN_AGENT))
    .map((version) => version.slice(OWN_AGENT.length));
  const found = [
    ...(pilot !== undefined && isTooFar(pilot.version) ? [`The pilot is ${pilot.version}`] : []),
    ...[...new Set(ours)].filter(isTooFar).map((version) => `There are proxies of ${version}`),
  ];
  return found.map(
    (what) =>
      `${what}, this program ${client.version}: more than one minor version apart. Upgrade the oldest: the pilot first, then the proxies.`,
  );
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
  const client = ownVersion(shell);
  if (flags.short) {
    shell.terminal.write(`${client.version}\n`);
    return EXIT.ok;
  }
  const report = flags.client ? { client, proxies: [] } : await look(shell, flags.pilot);
  const lines: string[][] = [["client version:", `${client.version}, ${client.runtime}`]];
  if (report.pilot !== undefined) {
    lines.push(["pilot version:", `${report.pilot.version} (${report.pilot.address})`]);
  }
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
  for (const skew of skews(report)) shell.terminal.writeError(`${skew}\n`);
  return EXIT.ok;
}

export function versionCommand(shell: Shell): Command {
  return new Command("version")
    .description(
      "Prints the versions of this program, of the pilot, and of the proxies that are connected to it, as they say it themselves, and which are too far apart.",
    )
    .option("--client", "only of this program", false)
    .option("--short", "only the number of this program's version", false)
    .addOption(outputOption())
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan version\n  sampan version --client\n  sampan version -o json\n",
    )
    .action(runs(shell, (flags: VersionFlags) => run(shell, flags)));
}
