// `sampan top`: success rate, requests a second and latencies of every service, live, from the proxies' statistics.
import { Command, Option } from "commander";
import type { Clock } from "#base/clock.ts";
import type { SocketAddress } from "#base/net.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { canDraw, LiveScreen, pauses, watch } from "./shell/live-view.ts";
import { durationOption, pilotOption } from "./shell/options.ts";
import { formatResult, type OutputFormat, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { POLL_TIMEOUT_MS } from "./top/limits.ts";
import { type Polled, Poller } from "./top/poller.ts";
import { frameOf, problemsOf, reportOf, resultOf, type TopReport } from "./top/report.ts";
import { GROUPINGS, type Grouping, SORT_KEYS, type SortKey } from "./top/rows.ts";
import { type TopFrame, TopScreen } from "./top/screen.ts";
import { TrafficWindow } from "./top/window.ts";

interface TopFlags {
  readonly by: Grouping;
  readonly sort: SortKey;
  readonly reverse: boolean;
  readonly window: number;
  readonly interval: number;
  readonly once: boolean;
  readonly watch: boolean;
  readonly output: OutputFormat;
  readonly pilot: SocketAddress;
}

/** Proxies and pilots have better to do than to be asked ten times a second. */
const MIN_INTERVAL_MS = 200;
/** Longer is a matter for a metrics store. */
const MAX_WINDOW_MS = 10 * 60_000;

interface Look {
  readonly polled: Polled;
  readonly report: TopReport;
}

/** The mesh, looked at again and again. */
class Looks {
  readonly #poller: Poller;
  readonly #window: TrafficWindow;
  readonly #by: Grouping;
  readonly #clock: Clock;

  constructor(shell: Shell, { by, pilot, window }: TopFlags) {
    this.#window = new TrafficWindow(window);
    const client = new PilotClient(shell.httpClient, pilot, POLL_TIMEOUT_MS);
    this.#poller = new Poller(client, shell.httpClient, shell.clock, this.#window);
    this.#by = by;
    this.#clock = shell.clock;
  }

  async look(): Promise<Look> {
    const polled = await this.#poller.poll();
    return { polled, report: reportOf(polled, this.#window, this.#by, this.#clock.nowMs()) };
  }
}

function fail(shell: Shell, message: string): number {
  shell.terminal.writeError(`sampan top: ${message}\n`);
  return EXIT.failed;
}

async function top(shell: Shell, flags: TopFlags): Promise<number> {
  const looks = new Looks(shell, flags);
  const { polled } = await looks.look();
  if (polled.pilotProblem !== undefined) return fail(shell, polled.pilotProblem);
  if (polled.proxyCount === 0) {
    return fail(shell, "No proxy is connected to the pilot: there is nothing to measure.");
  }
  if (flags.watch) return repeat(shell, flags, looks);
  const isLive = canDraw(shell) && !flags.once && isTable(flags.output);
  return isLive ? live(shell, flags, looks) : once(shell, flags, looks);
}

const isTable = (format: OutputFormat): boolean => format === "table" || format === "wide";

const textOf = ({ report }: Look, { output, sort, reverse }: TopFlags): string =>
  formatResult(output, resultOf(report, sort, reverse));

/** One table of one interval. */
async function once(shell: Shell, flags: TopFlags, looks: Looks): Promise<number> {
  const stop = shell.catchStop();
  await pauses(shell, stop.stopped)(flags.interval);
  if (stop.isStopped) return EXIT.failed;
  const look = await looks.look();
  for (const problem of problemsOf(look.polled)) {
    shell.terminal.writeError(`sampan top: ${problem}\n`);
  }
  shell.terminal.write(textOf(look, flags));
  return EXIT.ok;
}

/** `-w`: tables, one after another. */
async function repeat(shell: Shell, flags: TopFlags, looks: Looks): Promise<number> {
  await pauses(shell, new Promise<void>(() => {}))(flags.interval);
  await watch(shell, {
    everyMs: flags.interval,
    frame: async () => {
      const look = await looks.look();
      return [...problemsOf(look.polled), ...textOf(look, flags).trimEnd().split("\n")];
    },
  });
  return EXIT.ok;
}

/** The full screen. */
async function live(shell: Shell, flags: TopFlags, looks: Looks): Promise<number> {
  const view = new TopScreen({
    sort: flags.sort,
    isReversed: flags.reverse,
    isWide: flags.output === "wide",
    hasColor: shell.terminal.hasColor,
  });
  let frame: TopFrame | undefined;
  const draw = (): void => screen.draw(view.lines(frame, screen.size));
  const screen = new LiveScreen(shell, shell.catchStop(), {
    onKey: (key) => {
      const isTaken = view.handleKey(key);
      if (isTaken) draw();
      return isTaken;
    },
    onResize: draw,
  });
  const pause = pauses(shell, screen.closed);
  try {
    draw();
    while (screen.isOpen) {
      await pause(flags.interval);
      if (!screen.isOpen) break;
      const { polled, report } = await looks.look();
      frame = frameOf(report, polled);
      draw();
    }
  } finally {
    screen.close();
  }
  return EXIT.ok;
}

function checkTimes(command: Command): void {
  const { interval, window } = command.opts<TopFlags>();
  const reject = (message: string): never => command.error(`error: ${message}`);
  if (interval < MIN_INTERVAL_MS) reject(`--interval must be at least ${MIN_INTERVAL_MS}ms.`);
  if (window < interval) reject("--window must be at least as long as --interval.");
  if (window > MAX_WINDOW_MS) reject("--window must be at most 10m.");
}

export function topCommand(shell: Shell): Command {
  return new Command("top")
    .description(
      "Shows every service's success rate, requests a second and latencies (p50, p95, p99), live and sortable: on a terminal a full screen, by pipe one table. The numbers are the proxies' own, ours and Envoy's alike: what the sidecars and gateways of those who ask see of what they send.",
    )
    .addOption(
      new Option("--by <what>", "a row for each of these")
        .choices([...GROUPINGS])
        .default("service"),
    )
    .addOption(
      new Option("--sort <column>", "by which column").choices([...SORT_KEYS]).default("rps"),
    )
    .option("--reverse", "the other way round", false)
    .addOption(durationOption("--window <duration>", "what the numbers are of", 10_000))
    .addOption(durationOption("--interval <duration>", "how often to look", 2_000))
    .option("--once", "one table, on a terminal too", false)
    .option("-w, --watch", "a table every interval", false)
    .addOption(outputOption())
    .addOption(pilotOption())
    .addHelpText(
      "after",
      `
By service, subset and proxy the numbers are of the callers' side; --by workload
shows what each workload's own sidecar sees. Requests that the fault filter
aborts reach no service and are not counted: "sampan tap" shows them. Proxies
add latencies to their histograms at every stats_flush_interval: each second in
a mesh of "sampan up", else every 5 s unless told.

Examples:
  sampan top
  sampan top --by workload --sort p99
  sampan top --once -o json | jq '.rows[] | {name, successRate}'
`,
    )
    .hook("preAction", (command) => checkTimes(command))
    .action(runs(shell, (flags: TopFlags) => top(shell, flags)));
}
