// `sampan troubleshoot`: what is wrong, in a sentence with its remedy: the whole mesh at a glance, or the way from A to B.
import { Command, Option } from "commander";
import { createColors } from "picocolors";
import type { SocketAddress } from "#base/net.ts";
import { EXIT } from "./shell/exit-status.ts";
import { fromHere } from "./shell/from-here.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult, outputOption } from "./shell/output.ts";
import { plainLines } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import type { Finding, TroubleshootReport } from "./troubleshoot/finding.ts";
import { walkFrom } from "./troubleshoot/walk.ts";
import { lookAtMesh } from "./troubleshoot/whole-mesh.ts";
import { headerFieldOption } from "./why/wanted-request.ts";

interface TroubleshootFlags {
  readonly pilot: SocketAddress;
  readonly from?: string;
  readonly to?: string;
  readonly path: string;
  readonly header: readonly (readonly [string, string])[];
  readonly probe: boolean;
  readonly output: "table" | "json" | "yaml";
}

const MARKS = { ok: "✓", wrong: "✗", note: "·" } as const;
const PAINT = { ok: "green", wrong: "red", note: "dim" } as const;

function formatFinding({ mark, message, fix }: Finding, hasColor: boolean): string {
  const colors = createColors(hasColor);
  const line = `${colors[PAINT[mark]](MARKS[mark])} ${plainLines(message).replaceAll("\n", " ")}\n`;
  return fix === undefined ? line : `${line}  → ${plainLines(fix).replaceAll("\n", " ")}\n`;
}

async function troubleshoot(shell: Shell, flags: TroubleshootFlags): Promise<number> {
  const { terminal } = shell;
  const { from, to, path, header, probe, output, pilot } = flags;
  if ((from === undefined) !== (to === undefined)) {
    const missing = from === undefined ? "--from" : "--to";
    terminal.writeError(
      `sampan troubleshoot: ${missing} is missing: say both ends, or neither for the whole mesh\n`,
    );
    return EXIT.usage;
  }
  const found =
    from === undefined || to === undefined
      ? lookAtMesh(shell, pilot)
      : walkFrom(shell, pilot, { from, to, path, headers: header, probes: probe });
  const findings: Finding[] = [];
  for await (const finding of found) {
    findings.push(finding);
    if (output === "table")
      terminal.write(fromHere(shell, formatFinding(finding, terminal.hasColor)));
  }
  const healthy = findings.every(({ mark }) => mark !== "wrong");
  if (output !== "table") {
    const value: TroubleshootReport = { healthy, findings };
    terminal.write(formatResult(output, { table: () => [], value }));
  } else if (healthy) terminal.write("Nothing is wrong.\n");
  return healthy ? EXIT.ok : EXIT.failed;
}

const EXAMPLES = `
Examples:
  sampan troubleshoot                                         every proxy and service, quickly
  sampan troubleshoot --from productpage --to reviews:9080    the way of a request, step by step
  sampan troubleshoot --from reviews-v2 --to ratings --path /ratings/1 -H 'end-user: jason'
`;

export function troubleshootCommand(shell: Shell): Command {
  return new Command("troubleshoot")
    .description(
      "Walks pilot, proxy, configuration, certificates, listener, route, cluster, hosts and a live probe, and names the first\nthing that is wrong with its remedy. Status 1 when something is.",
    )
    .option("--from <workload>", "who asks: a workload of the mesh, or gateway")
    .option("--to <service>", "who is asked: service, service:port or URL")
    .option("--path <path>", "path of the request", "/")
    .addOption(
      new Option("-H, --header <field>", 'field of the request, "name: value"; may be repeated')
        .argParser(headerFieldOption)
        .default([], "none"),
    )
    .option("--no-probe", "send no request")
    .addOption(outputOption(["table", "json", "yaml"]))
    .addOption(pilotOption())
    .addHelpText("after", EXAMPLES)
    .action(runs(shell, (flags: TroubleshootFlags) => troubleshoot(shell, flags)));
}
