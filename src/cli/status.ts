// `sampan status`: every mesh that runs on this machine on one page: its parts, their health, what is live, what is wrong, what to open.
import { Command } from "commander";
import { PilotClient } from "./client/pilot-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { watch } from "./shell/live-view.ts";
import { durationOption } from "./shell/options.ts";
import { formatResult, type OutputFormat, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { parseSocketAddress } from "./shell/socket-address.ts";
import { describeMesh, lookAtPilot, type StatusReport } from "./status/mesh-status.ts";
import { statusLines } from "./status/status-page.ts";
import { findMeshes } from "./up/run-directory.ts";

const NONE = 'No mesh runs on this machine: start one with "sampan up".';

interface StatusFlags {
  readonly watch: boolean;
  readonly interval: number;
  readonly output: Exclude<OutputFormat, "wide">;
}

async function look(shell: Shell): Promise<StatusReport> {
  const found = await findMeshes(shell.files, shell.env);
  const running = found.filter(({ isRunning }) => isRunning);
  const meshes = await Promise.all(
    running.map(async (mesh) => {
      const address = parseSocketAddress(mesh.record.http) ?? { host: "127.0.0.1", port: 0 };
      return describeMesh(mesh, await lookAtPilot(new PilotClient(shell.httpClient, address)));
    }),
  );
  return { meshes };
}

function linesOf(shell: Shell, report: StatusReport, { output }: StatusFlags): readonly string[] {
  if (output !== "table") {
    const text = formatResult(output, { table: () => [], value: report });
    return text.trimEnd().split("\n");
  }
  if (report.meshes.length === 0) return [NONE];
  return statusLines(report, {
    wallMs: shell.clock.wallMs(),
    hasColor: shell.terminal.hasColor,
  });
}

async function status(shell: Shell, flags: StatusFlags): Promise<number> {
  const { terminal } = shell;
  if (flags.watch) {
    const frame = async (): Promise<readonly string[]> => linesOf(shell, await look(shell), flags);
    await watch(shell, { everyMs: flags.interval, frame });
    return EXIT.ok;
  }
  const report = await look(shell);
  const isEmpty = report.meshes.length === 0;
  const text = linesOf(shell, report, flags)
    .map((line) => `${line}\n`)
    .join("");
  if (isEmpty && flags.output === "table") terminal.writeError(`sampan status: ${text}`);
  else terminal.write(text);
  return isEmpty ? EXIT.failed : EXIT.ok;
}

export function statusCommand(shell: Shell): Command {
  return new Command("status")
    .description(
      "Shows every mesh that runs on this machine: its parts with their health, on how many proxies the configuration is live, what is wrong with it, and what to open. Status 1 when none runs.",
    )
    .option("-w, --watch", "again and again, until q or Ctrl-C", false)
    .addOption(durationOption("--interval <duration>", "time between two looks", 1_000))
    .addOption(outputOption(["table", "json", "yaml"]))
    .addHelpText(
      "after",
      "\nExamples:\n  sampan status\n  sampan status -w\n  sampan status -o json\n",
    )
    .action(runs(shell, (flags: StatusFlags) => status(shell, flags)));
}
