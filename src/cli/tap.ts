// `sampan tap [SERVICE]`: requests as they go by, from the proxies' admin pages. Bodies are never shown.
import { Command, Option } from "commander";
import { createColors } from "picocolors";
import type { SocketAddress } from "#base/net.ts";
import { loadMesh } from "./client/mesh-names.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pauses } from "./shell/live-view.ts";
import { durationOption, pilotOption } from "./shell/options.ts";
import { outputOption } from "./shell/output.ts";
import { runs, type Shell, type StopRequest } from "./shell/shell.ts";
import { chooseProxies, resolveService } from "./tap/choice.ts";
import {
  atLeastOneOption,
  headerOption,
  methodOption,
  pathOption,
  statusOption,
} from "./tap/filter-options.ts";
import { LOOK_AGAIN_MS } from "./tap/limits.ts";
import { requestJson, requestLines } from "./tap/request-lines.ts";
import type { HeaderFilter, TapFilters } from "./tap/tap-filters.ts";
import { TapSession } from "./tap/tap-session.ts";
import type { TappedRequest } from "./tap/tapped-request.ts";

interface TapFlags {
  readonly pilot: SocketAddress;
  readonly to?: string;
  readonly from?: string;
  readonly inbound: boolean;
  readonly method?: string;
  readonly path?: string;
  readonly status?: string;
  readonly header: readonly HeaderFilter[];
  readonly maxRps: number;
  readonly count?: number;
  readonly for?: number;
  readonly output: "table" | "wide" | "json";
}

function filtersOf(flags: TapFlags, service: string | undefined): TapFilters {
  return {
    method: flags.method,
    pathPrefix: flags.path,
    status: flags.status,
    headers: flags.header,
    service,
  };
}

/** Ends by Ctrl-C, by --for, or when --count are shown. */
interface Ending {
  readonly over: Promise<void>;
  readonly end: () => void;
  readonly isOver: () => boolean;
}

function endingOf(shell: Shell, stop: StopRequest, flags: TapFlags): Ending {
  let isOver = false;
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = () => {
      isOver = true;
      resolve();
    };
  });
  void stop.stopped.then(end);
  if (flags.for !== undefined) {
    const timer = shell.timers.after(flags.for, end);
    void over.then(() => timer.cancel());
  }
  return { over, end, isOver: () => isOver };
}

function textOf(request: TappedRequest, format: TapFlags["output"], hasColor: boolean): string {
  if (format === "json") return `${requestJson(request)}\n`;
  const { red } = createColors(hasColor);
  return requestLines(request, format === "wide")
    .map((line) => `${line.startsWith("rsp ") ? line.replace(WRONG, red) : line}\n`)
    .join("");
}

/** What the eye looks for in the lines of responses. */
const WRONG = /:status=5\d\d\b|\bflags=\S+/g;

async function tap(shell: Shell, service: string | undefined, flags: TapFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string): number => {
    terminal.writeError(`sampan tap: ${message}\n`);
    return EXIT.failed;
  };
  if (service !== undefined && flags.to !== undefined) {
    terminal.writeError("sampan tap: Name the service once: as argument, or by --to.\n");
    return EXIT.usage;
  }
  const pilot = new PilotClient(shell.httpClient, flags.pilot);
  const mesh = await loadMesh(pilot);
  if (mesh.kind === "failed") return fail(mesh.message);
  const to = resolveService(mesh, service ?? flags.to);
  if (to.kind === "unknown") return fail(to.message);
  const chosen = chooseProxies(mesh, flags.from, flags.inbound);
  if (chosen.kind === "unknown") return fail(chosen.message);

  const ending = endingOf(shell, shell.catchStop(), flags);
  const session = new TapSession(
    { streams: shell.httpStreams, timers: shell.timers, nowMs: () => shell.clock.nowMs() },
    {
      filters: filtersOf(flags, to.value),
      direction: flags.inbound ? "inbound" : "outbound",
      maxPerSecond: flags.maxRps,
      isChosen: chosen.value,
    },
    {
      show: (request) => {
        if (ending.isOver()) return;
        terminal.write(textOf(request, flags.output, terminal.hasColor));
        if (session.shown === flags.count) ending.end();
      },
      note: (text) => terminal.writeError(`sampan tap: ${text}\n`),
    },
  );
  await session.follow(mesh);
  if (session.attachedCount === 0 && !ending.isOver()) {
    const reasons = session.problems.slice(0, 5).map((problem) => `\n  ${problem}`);
    await session.close();
    return fail(
      mesh.proxies.length === 0
        ? "No proxy is connected to the pilot: there is nothing to look at."
        : `No proxy can be looked at:${reasons.join("")}`,
    );
  }
  await follow(shell, pilot, session, ending);
  await session.close();
  terminal.writeError(summary(session));
  return EXIT.ok;
}

/** Until the end: proxies that come are looked at, too. */
async function follow(
  shell: Shell,
  pilot: PilotClient,
  session: TapSession,
  ending: Ending,
): Promise<void> {
  const pause = pauses(shell, ending.over);
  const count = session.attachedCount;
  shell.terminal.writeError(
    `Looking at ${count} ${count === 1 ? "proxy" : "proxies"}; Ctrl-C ends it.\n`,
  );
  for (;;) {
    await pause(LOOK_AGAIN_MS);
    if (ending.isOver()) return;
    const mesh = await loadMesh(pilot);
    // A pilot that is away changes nothing: the proxies serve on, and so do we.
    if (mesh.kind === "loaded" && !ending.isOver()) await session.follow(mesh);
  }
}

function summary({ shown, overLimit, dropped }: TapSession): string {
  const parts = [
    overLimit === 0 ? [] : [`${overLimit} left out by --max-rps`],
    dropped === 0 ? [] : [`${dropped} left out by the proxies`],
  ].flat();
  const rest = parts.length === 0 ? "" : `; ${parts.join(", ")}`;
  return `${shown} ${shown === 1 ? "request" : "requests"} shown${rest}.\n`;
}

export function tapCommand(shell: Shell): Command {
  return new Command("tap")
    .description(
      "Shows requests as they go by: what workloads and gateways send, as their proxies see it, ours and Envoy alike. Nothing is changed in the proxies but that they tell; when it ends they stop. A request is shown when it is over; bodies are never shown, nor are the values of credentials.",
    )
    .argument("[service]", "only requests to this service, as --to")
    .option("--to <service>", "only requests to this service: reviews, reviews.default")
    .addOption(
      new Option(
        "--from <workload>",
        "only requests that this workload sends: productpage-v1, gateway",
      ).conflicts("inbound"),
    )
    .option("--inbound", "what workloads are sent, as their own proxies see it", false)
    .option("--method <method>", "only this method", methodOption)
    .option("--path <prefix>", "only paths that begin so", pathOption)
    .option("--status <status>", "only this status, or a class of them: 503, 5xx", statusOption)
    .option("--header <name=value>", "only with this request header; repeatable", headerOption, [])
    .option("--max-rps <n>", "show at most so many a second", atLeastOneOption, 100)
    .option("--count <n>", "end after so many requests", atLeastOneOption)
    .addOption(durationOption("--for <duration>", "end after this time", undefined))
    .addOption(outputOption(["table", "wide", "json"]))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      `
Examples:
  sampan tap
  sampan tap reviews --from productpage-v1 --status 5xx
  sampan tap --path /reviews -o wide
  sampan tap --count 10 -o json | jq .explanation
`,
    )
    .action(
      runs(shell, (service: string | undefined, flags: TapFlags) => tap(shell, service, flags)),
    );
}
