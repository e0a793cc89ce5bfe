// `sampan proxy-status [PROXY]`: whether the newest configuration is live on each proxy, on its way, or refused with these words.
import { Command } from "commander";
import { formatAge } from "#base/age.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport, TypeReport } from "#pilot/push/status.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { adminAddressOf, findProxy } from "./client/proxies.ts";
import { EXIT } from "./shell/exit-status.ts";
import { canDraw, watch } from "./shell/live-view.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult, type OutputFormat, outputOption, type Result } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatSocketAddress } from "./shell/socket-address.ts";

interface ProxyStatusFlags {
  readonly output: OutputFormat;
  readonly watch: boolean;
  readonly pilot: SocketAddress;
}

/** Between two looks of `-w`. */
const WATCH_EVERY_MS = 1_000;

/** The order of a push, which is also that of istioctl's columns. */
const TYPES: readonly string[] = ["CDS", "LDS", "EDS", "RDS"];

/** A proxy may say much; the whole is in `-o json`. */
const MAX_WORDS = 500;

type Looked =
  | { readonly kind: "found"; readonly result: Result; readonly notes: readonly string[] }
  | { readonly kind: "failed"; readonly message: string };

/** "live (3m)": of a type that was accepted 3 minutes ago; the state alone when `nowMs` is not given. */
function stateText({ state, ackedAtMs }: TypeReport, nowMs: number | undefined): string {
  const isKnown = nowMs !== undefined && typeof ackedAtMs === "number";
  return isKnown ? `${state} (${formatAge(nowMs - ackedAtMs)})` : state;
}

interface Times {
  readonly nowMs: number;
  /** Whether each state says how old it is. */
  readonly withAges: boolean;
}

function overview(reports: readonly ProxyReport[], { nowMs, withAges }: Times): Result {
  const stateOf = ({ types }: ProxyReport, wanted: string): string => {
    const report = types.find(({ type }) => type === wanted);
    return report === undefined ? "not asked" : stateText(report, withAges ? nowMs : undefined);
  };
  const rows = reports.map((report) => [
    plain(`${report.name}.${report.namespace}`),
    report.type,
    ...TYPES.map((type) => stateOf(report, type)),
    plain(report.userAgent || "-"),
  ]);
  const wideRows = reports.map((report, index) => [
    ...(rows[index] ?? []),
    report.variant,
    formatAge(nowMs - report.connectedAtMs),
    plain(report.ipAddress),
    formatSocketAddress(adminAddressOf(report)),
  ]);
  const header = ["NAME", "TYPE", ...TYPES, "VERSION"];
  return {
    table: () => [header, ...rows],
    wide: () => [[...header, "XDS", "CONNECTED", "ADDRESS", "ADMIN"], ...wideRows],
    value: reports,
  };
}

function details(report: ProxyReport, { nowMs, withAges }: Times): Result {
  const row = (typeReport: TypeReport): string[] => [
    typeReport.type,
    stateText(typeReport, withAges ? nowMs : undefined),
    String(typeReport.resources),
    plain(typeReport.sentVersion || "-"),
    plain(typeReport.ackedVersion || "-"),
  ];
  return {
    table: () => [["TYPE", "STATE", "RESOURCES", "SENT", "ACCEPTED"], ...report.types.map(row)],
    value: report,
  };
}

/** What is refused, and what to do about it. */
function notesOf(reports: readonly ProxyReport[]): readonly string[] {
  return reports.flatMap((report) =>
    report.types
      .filter(({ state }) => state === "rejected")
      .map(
        ({ type, lastRefusal }) =>
          `${plain(report.name)}.${plain(report.namespace)} refuses ${type}, and keeps what it had: ${plain(lastRefusal?.words ?? "", MAX_WORDS)}`,
      ),
  );
}

async function look(
  shell: Shell,
  name: string | undefined,
  pilot: PilotClient,
  withAges: boolean,
): Promise<Looked> {
  const times = { nowMs: shell.clock.wallMs(), withAges };
  if (name !== undefined) {
    const found = await findProxy(pilot, name);
    if (found.kind === "failed") return found;
    return { kind: "found", result: details(found.report, times), notes: notesOf([found.report]) };
  }
  const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
  const result = overview(answer.value, times);
  return { kind: "found", result, notes: notesOf(answer.value) };
}

async function run(
  shell: Shell,
  name: string | undefined,
  flags: ProxyStatusFlags,
): Promise<number> {
  const { terminal, httpClient } = shell;
  const pilot = new PilotClient(httpClient, flags.pilot);
  if (flags.watch) {
    // By pipe only what differs is printed again: ages would always differ.
    const withAges = canDraw(shell);
    await watch(shell, {
      everyMs: WATCH_EVERY_MS,
      frame: async () => {
        const looked = await look(shell, name, pilot, withAges);
        if (looked.kind === "failed") return looked.message.split("\n");
        const text = formatResult(flags.output, looked.result);
        return [...text.trimEnd().split("\n"), ...looked.notes];
      },
    });
    return EXIT.ok;
  }
  const looked = await look(shell, name, pilot, true);
  if (looked.kind === "failed") {
    terminal.writeError(`sampan proxy-status: ${looked.message}\n`);
    return EXIT.failed;
  }
  terminal.write(formatResult(flags.output, looked.result));
  for (const note of looked.notes) terminal.writeError(`${note}\n`);
  return EXIT.ok;
}

export function proxyStatusCommand(shell: Shell): Command {
  return new Command("proxy-status")
    .description(
      "Shows for every connected proxy and type of configuration whether the newest is live, behind, or rejected, how long ago the proxy last accepted something of it, and its words when it refuses. With a proxy: how many resources of each type it has, and which versions were sent and accepted.",
    )
    .argument("[proxy]", "only this one: reviews-v1-1, or reviews-v1-1.default")
    .option("-w, --watch", "again and again, until q or Ctrl-C", false)
    .addOption(outputOption())
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan proxy-status\n  sampan proxy-status productpage-v1-1\n  sampan proxy-status -o json | jq '.[] | select(.state != \"live\") | .name'\n",
    )
    .action(
      runs(shell, (name: string | undefined, flags: ProxyStatusFlags) => run(shell, name, flags)),
    );
}
