// `sampan why METHOD URL`: where a request would go, why, and with which odds, by the configuration that a proxy really has.
import { Command, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { explain } from "#explain/explain.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { fromHere } from "./shell/from-here.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { toExplained } from "./why/entrance.ts";
import {
  type ConfigurationSearch,
  fromDump,
  fromFolder,
  fromMesh,
} from "./why/find-configuration.ts";
import { formatExplanation } from "./why/format.ts";
import { whyResult } from "./why/result.ts";
import { headerFieldOption, parseRequest, type WantedRequest } from "./why/wanted-request.ts";

interface WhyFlags {
  readonly pilot: SocketAddress;
  readonly from?: string;
  readonly fromFile?: string;
  readonly file?: string;
  readonly clustersFile?: string;
  readonly header: readonly (readonly [string, string])[];
  readonly all: boolean;
  readonly output: "table" | "json" | "yaml";
}

async function why(shell: Shell, words: readonly string[], flags: WhyFlags): Promise<number> {
  const { terminal } = shell;
  const parsed = parseRequest(words, flags.header);
  if (parsed.kind === "failed") {
    terminal.writeError(`sampan why: ${parsed.message}\n`);
    return EXIT.usage;
  }
  const { request } = parsed;
  const found = await findConfiguration(shell, request, flags);
  if (found.kind === "failed") {
    terminal.writeError(`sampan why: ${found.message}\n`);
    return found.status;
  }
  const explained = toExplained(request, found.configuration);
  const explanation = await found.place(explain(found.configuration, explained));
  if (flags.output !== "table") {
    const value = whyResult(found.from, explained, explanation);
    terminal.write(formatResult(flags.output, { table: () => [], value }));
    return EXIT.ok;
  }
  const { method, scheme, authority, path } = explained;
  const title = `${method} ${scheme}://${authority}${path} from ${found.from}`;
  const { hasColor } = terminal;
  const text = formatExplanation(explanation, { hasColor, all: flags.all, title });
  terminal.write(fromHere(shell, text));
  return EXIT.ok;
}

function findConfiguration(
  shell: Shell,
  request: WantedRequest,
  { file, clustersFile, fromFile, from, pilot }: WhyFlags,
): Promise<ConfigurationSearch> {
  if (file !== undefined) return fromDump(shell, file, clustersFile);
  if (fromFile !== undefined) return fromFolder(shell, fromFile, from);
  return fromMesh(shell, new PilotClient(shell.httpClient, pilot), from, request);
}

const EXAMPLES = `
Examples:
  sampan why GET http://reviews:9080/reviews/1 --from productpage
  sampan why GET http://ratings:9080/ratings/1 -H 'end-user: jason' --from reviews-v2
  sampan why GET http://127.0.0.1:8080/productpage            through the gateway
  sampan why /productpage -H 'host: shop.example.com' --all   a path alone: the gateway's first port
  sampan why GET http://reviews:9080/ --from productpage --from-file mesh/
  curl -s 'http://127.0.0.1:15000/config_dump?include_eds' > dump.json
  sampan why GET http://reviews:9080/ --file dump.json        a real Envoy's, also of an Istio mesh
`;

export function whyCommand(shell: Shell): Command {
  return new Command("why")
    .description(
      "Say where a request goes and why: listener, virtual host, each route tried, faults with their odds, cluster, hosts; " +
        "decided by the proxy's configuration and by the code that routes. Nothing is sent.",
    )
    .argument("<request...>", "METHOD and URL; GET when there is only a URL")
    .addOption(new Option("--from <workload>", "who asks: a proxy of the mesh, or of the folder"))
    .addOption(
      new Option("-H, --header <field>", 'field of the request, "name: value"; may be repeated')
        .argParser(headerFieldOption)
        .default([], "none"),
    )
    .option("--all", "show every outcome with its odds", false)
    .addOption(
      new Option(
        "--from-file <folder>",
        "folder of configuration, without a running mesh",
      ).conflicts("file"),
    )
    .addOption(new Option("--file <file>", "configuration dump of a proxy, ours or any Envoy"))
    .addOption(
      new Option(
        "--clusters-file <file>",
        "its page /clusters?format=json, for health, with --file",
      ),
    )
    .addOption(outputOption(["table", "json", "yaml"]))
    .addOption(pilotOption())
    .addHelpText("after", EXAMPLES)
    .action(runs(shell, (words: readonly string[], flags: WhyFlags) => why(shell, words, flags)));
}
