// `sampan describe`: one object or service with everything that is known of it: where it stands, what it does, who has it.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { namespaceOption } from "./config/flags.ts";
import { parseTarget } from "./config/kind-argument.ts";
import { loadObject, loadService } from "./describe/load.ts";
import { objectText, serviceText } from "./describe/text.ts";
import { ageOf } from "./get/age.ts";
import { EXIT } from "./shell/exit-status.ts";
import { fromHere } from "./shell/from-here.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult, type OutputFormat, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface DescribeFlags {
  readonly namespace?: string;
  readonly output: OutputFormat;
  readonly pilot: SocketAddress;
}

const SERVICE_WORDS = ["service", "services", "svc"];

async function describe(
  shell: Shell,
  words: readonly string[],
  flags: DescribeFlags,
): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number = EXIT.failed): number => {
    terminal.writeError(`sampan describe: ${message}\n`);
    return status;
  };
  const pilot = new PilotClient(shell.httpClient, flags.pilot);
  const [kindWord = "", slashName] = (words[0] ?? "").split("/");
  if (SERVICE_WORDS.includes(kindWord.toLowerCase())) {
    const name = slashName ?? words[1];
    if (name === undefined || name === "") return fail("name a service: service NAME", EXIT.usage);
    const loaded = await loadService(pilot, name, flags.namespace);
    if (loaded.kind === "failed") return fail(loaded.message);
    const text = fromHere(shell, serviceText(loaded.value));
    terminal.write(
      flags.output === "table"
        ? text
        : formatResult(flags.output, { table: () => [], value: loaded.value }),
    );
    return EXIT.ok;
  }
  const target = parseTarget(words, ["service"]);
  if (target.kind === "failed") return fail(target.message, EXIT.usage);
  const [name, ...others] = target.objectNames;
  if (name === undefined || others.length > 0)
    return fail("name one object: KIND NAME", EXIT.usage);
  const { kind } = target.names;
  const loaded = await loadObject(pilot, { kind, namespace: flags.namespace ?? "default", name });
  if (loaded.kind === "failed") return fail(loaded.message);
  const age = ageOf(loaded.value.object.metadata.creationTimestamp, shell.clock.wallMs());
  const text = fromHere(shell, objectText(loaded.value, age));
  terminal.write(
    flags.output === "table"
      ? text
      : formatResult(flags.output, { table: () => [], value: loaded.value }),
  );
  return EXIT.ok;
}

export function describeCommand(shell: Shell): Command {
  return new Command("describe")
    .description(
      "Tells everything that is known of one configuration object, or of one service: subsets and the endpoints behind them,\npolicies, routes, problems with file and line, and on which proxies it is live.",
    )
    .argument("<object...>", "KIND NAME, KIND/NAME, or service NAME")
    .addOption(namespaceOption())
    .addOption(outputOption(["table", "json", "yaml"]))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan describe service reviews\n  sampan describe vs reviews\n",
    )
    .action(
      runs(shell, (words: readonly string[], flags: DescribeFlags) =>
        describe(shell, words, flags),
      ),
    );
}
