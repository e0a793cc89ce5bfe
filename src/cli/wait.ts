// `sampan wait`: until a change is in force on every connected proxy.
import { Command, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { namespaceOption } from "./config/flags.ts";
import { parseTarget, resourceName } from "./config/kind-argument.ts";
import { tellWaited, waitUntilLive } from "./config/live.ts";
import { ObjectClient } from "./config/object-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { durationOption, pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface WaitFlags {
  readonly for: "live" | "delete";
  readonly namespace?: string;
  readonly timeout: number;
  readonly pilot: SocketAddress;
}

async function wait(shell: Shell, words: readonly string[], flags: WaitFlags): Promise<number> {
  const target = parseTarget(words);
  if (target.kind === "failed" || target.objectNames.length === 0) {
    const message = target.kind === "failed" ? target.message : "name an object: KIND/NAME";
    shell.terminal.writeError(`sampan wait: ${message}\n`);
    return EXIT.usage;
  }
  const client = new ObjectClient(new PilotClient(shell.httpClient, flags.pilot));
  const untilMs = shell.clock.nowMs() + flags.timeout;
  let isLive = true;
  for (const name of target.objectNames) {
    const { kind } = target.names;
    const object = { kind, namespace: flags.namespace ?? "default", name };
    const wanted = { object, exists: flags.for === "live" };
    const leftMs = Math.max(0, untilMs - shell.clock.nowMs());
    const outcome = await waitUntilLive(shell, client, wanted, leftMs);
    isLive = tellWaited(shell, resourceName(target.names, name), outcome) && isLive;
  }
  return isLive ? EXIT.ok : EXIT.failed;
}

export function waitCommand(shell: Shell): Command {
  return new Command("wait")
    .description(
      "Waits until the newest version of an object, or its removal, is in force on every connected proxy.\nSays which proxies are behind when time is up, and fails at once when one refuses it, with its words.",
    )
    .argument("<object...>", "KIND/NAME, or KIND NAME")
    .addOption(
      new Option("--for <condition>", "what to wait for")
        .choices(["live", "delete"])
        .default("live"),
    )
    .addOption(namespaceOption())
    .addOption(durationOption("--timeout <duration>", "how long at most", 30_000))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan wait vs/reviews\n  sampan wait vs/reviews --for=delete --timeout 5s\n",
    )
    .action(runs(shell, (words: readonly string[], flags: WaitFlags) => wait(shell, words, flags)));
}
