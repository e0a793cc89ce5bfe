// `sampan stats PROXY`: a proxy's statistics, ours or Envoy's, under Envoy's names.
import { Command, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import type { AdminClient } from "./client/admin-client.ts";
import { findAdmin } from "./proxy-config/find.ts";
import { EXIT } from "./shell/exit-status.ts";
import { watch } from "./shell/live-view.ts";
import { addressOption, pilotOption } from "./shell/options.ts";
import { printResult } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatTable } from "./shell/table.ts";
import { MovingStatistics } from "./stats/moving-statistics.ts";

/** Between two looks of `-w`. */
const WATCH_EVERY_MS = 1_000;

/** What `--type` takes, and Envoy's word for it. */
const TYPES: Readonly<Record<string, string>> = {
  counters: "Counters",
  gauges: "Gauges",
  histograms: "Histograms",
  texts: "TextReadouts",
};

/** `sampan stats -o json`. */
export interface StatisticsReport {
  /** Counters and gauges by name. */
  readonly values: Readonly<Record<string, number>>;
  /** Histograms and texts by name, as the proxy writes them: "P0(1,1) P25(1,1.02) …". */
  readonly texts: Readonly<Record<string, string>>;
}

interface StatsFlags {
  readonly filter?: string;
  readonly type?: string;
  readonly all: boolean;
  readonly watch: boolean;
  readonly changed: boolean;
  readonly output: "table" | "json" | "yaml" | "prometheus";
  readonly pilot: SocketAddress;
  readonly admin?: SocketAddress;
}

/** Lines of `name: value`; a name may hold a colon followed by no blank. */
function parseStatistics(text: string): StatisticsReport {
  const values: Record<string, number> = {};
  const texts: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf(": ");
    if (at === -1) continue;
    const name = line.slice(0, at);
    const value = line.slice(at + 2);
    if (/^\d+$/.test(value)) values[name] = Number(value);
    else texts[name] = value;
  }
  return { values, texts };
}

function pageOf({ output, filter, type = "", all }: StatsFlags): string {
  const path = output === "prometheus" ? "/stats/prometheus" : "/stats";
  const query = [
    ...(all ? [] : ["usedonly"]),
    ...(TYPES[type] === undefined ? [] : [`type=${TYPES[type]}`]),
    ...(filter === undefined ? [] : [`filter=${encodeURIComponent(filter)}`]),
  ];
  return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

/** Flags that say nothing together; undefined when all is well. */
function contradiction({
  output,
  type,
  watch: isWatched,
  changed,
}: StatsFlags): string | undefined {
  if (isWatched && output !== "table") return `-w prints a table: leave out -o ${output}`;
  if (changed && !isWatched) return "--changed compares one look with the next: add -w";
  return output === "prometheus" && type !== undefined
    ? "Prometheus' page knows no --type: use --filter"
    : undefined;
}

/** Again and again, with how fast each moves. A proxy that does not answer says so, and is asked again. */
async function watchStatistics(shell: Shell, admin: AdminClient, flags: StatsFlags): Promise<void> {
  const moving = new MovingStatistics();
  await watch(shell, {
    everyMs: WATCH_EVERY_MS,
    frame: async () => {
      const answer = await admin.get(pageOf(flags));
      if (answer.kind === "failed") return answer.message.split("\n");
      const { values } = parseStatistics(answer.body);
      const found = moving.look(values, shell.clock.nowMs(), flags.changed);
      const rows = found.map(({ name, value, perSecond = 0 }) => [
        plain(name),
        String(value),
        perSecond === 0 ? "" : perSecond.toFixed(1),
      ]);
      return formatTable([["NAME", "VALUE", "PER SECOND"], ...rows])
        .trimEnd()
        .split("\n");
    },
  });
}

async function run(shell: Shell, proxy: string | undefined, flags: StatsFlags): Promise<number> {
  const { terminal } = shell;
  const { pilot, admin, output } = flags;
  const wrong = contradiction(flags);
  if (wrong !== undefined) {
    terminal.writeError(`sampan stats: ${wrong}\n`);
    return EXIT.usage;
  }
  const found = await findAdmin(shell, { proxy, pilot, admin });
  if (found.kind === "failed") {
    terminal.writeError(`sampan stats: ${found.message}\n`);
    return found.status;
  }
  if (flags.watch) {
    await watchStatistics(shell, found.admin, flags);
    return EXIT.ok;
  }
  const answer = await found.admin.get(pageOf(flags));
  if (answer.kind === "failed") {
    terminal.writeError(`sampan stats: ${answer.message}\n`);
    return EXIT.failed;
  }
  if (output === "prometheus") {
    for (const line of answer.body.trimEnd().split("\n")) {
      terminal.write(`${plain(line, line.length)}\n`);
    }
    return EXIT.ok;
  }
  const report = parseStatistics(answer.body);
  printResult(terminal, output, {
    table: () => [
      ["NAME", "VALUE"],
      ...Object.entries({ ...report.values, ...report.texts }).map(([name, value]) => [
        plain(name),
        plain(String(value)),
      ]),
    ],
    value: report,
  });
  return EXIT.ok;
}

export function statsCommand(shell: Shell): Command {
  return new Command("stats")
    .description(
      "Shows a proxy's statistics under Envoy's names: what has been counted since it started, and what is so now. Without --all only what was ever used.",
    )
    .argument("[proxy]", "the proxy: reviews-v1-1, or reviews-v1-1.default")
    .option("--filter <regex>", "only names that this regular expression (RE2) fits somewhere")
    .addOption(new Option("--type <type>", "only of this type").choices(Object.keys(TYPES)))
    .option("--all", "also what was never used", false)
    .option("-w, --watch", "again and again with rates, until q or Ctrl-C", false)
    .option("--changed", "with -w: only what has moved since the first look", false)
    .addOption(
      new Option("-o, --output <format>", "format of the result")
        .choices(["table", "json", "yaml", "prometheus"])
        .default("table"),
    )
    .addOption(addressOption("--admin <host:port>", "its admin pages, without a pilot"))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan stats productpage-v1-1 --filter 'reviews.*upstream_rq'\n  sampan stats gateway --type counters -w --changed\n  sampan stats gateway -o prometheus\n  sampan stats --admin 127.0.0.1:15000 -o json | jq .values\n",
    )
    .action(
      runs(shell, (proxy: string | undefined, flags: StatsFlags) => run(shell, proxy, flags)),
    );
}
