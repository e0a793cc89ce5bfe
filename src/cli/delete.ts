// `sampan delete`: objects by name, or those that files name.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { API_GROUP, namesOf } from "#pilot/model/kinds.ts";
import { PilotClient } from "./client/pilot-client.ts";
import {
  type DryRun,
  dryRunMark,
  dryRunOption,
  filesOption,
  namespaceOption,
} from "./config/flags.ts";
import { parseTarget, resourceName } from "./config/kind-argument.ts";
import { tellWaited, waitUntilLive } from "./config/live.ts";
import { ObjectClient, type ObjectName } from "./config/object-client.ts";
import { errorsOf, problemLine, readObjectFiles } from "./config/object-files.ts";
import { EXIT } from "./shell/exit-status.ts";
import { durationOption, pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface DeleteFlags {
  readonly filename: readonly string[];
  readonly namespace?: string;
  readonly dryRun: DryRun;
  readonly ignoreNotFound: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly pilot: SocketAddress;
}

type Named =
  | { readonly kind: "named"; readonly objects: readonly ObjectName[] }
  | { readonly kind: "failed"; readonly message: string; readonly status: number };

async function named(shell: Shell, words: readonly string[], flags: DeleteFlags): Promise<Named> {
  if (flags.filename.length > 0 && words.length > 0) {
    return { kind: "failed", message: "name objects or files, not both", status: EXIT.usage };
  }
  if (flags.filename.length === 0) {
    const target = parseTarget(words);
    if (target.kind === "failed") return { ...target, status: EXIT.usage };
    if (target.objectNames.length === 0) {
      return {
        kind: "failed",
        message: "name an object: KIND NAME, or -f FILE",
        status: EXIT.usage,
      };
    }
    const { kind } = target.names;
    const namespace = flags.namespace ?? "default";
    return {
      kind: "named",
      objects: target.objectNames.map((name) => ({ kind, namespace, name })),
    };
  }
  const read = await readObjectFiles(shell, flags.filename, flags.namespace);
  if (read.kind === "unreadable")
    return { kind: "failed", message: read.message, status: EXIT.unreadable };
  const errors = errorsOf(read.problems);
  for (const problem of errors) shell.terminal.writeError(problemLine(problem));
  if (errors.length > 0) {
    return { kind: "failed", message: "nothing was deleted", status: EXIT.invalidConfiguration };
  }
  return { kind: "named", objects: read.objects.map(({ object }) => object) };
}

async function remove(shell: Shell, words: readonly string[], flags: DeleteFlags): Promise<number> {
  const { terminal } = shell;
  const found = await named(shell, words, flags);
  if (found.kind === "failed") {
    terminal.writeError(`sampan delete: ${found.message}\n`);
    return found.status;
  }
  const client = new ObjectClient(new PilotClient(shell.httpClient, flags.pilot));
  const removed: ObjectName[] = [];
  let status: number = EXIT.ok;
  for (const object of found.objects) {
    const isDryRun = flags.dryRun !== "none";
    const answer = await client.remove(object, { isDryRun });
    if (answer.kind === "answered") {
      const { singular } = namesOf(object.kind);
      terminal.write(
        `${singular}.${API_GROUP} "${object.name}" deleted${dryRunMark[flags.dryRun]}\n`,
      );
      removed.push(object);
      continue;
    }
    if (answer.kind === "refused" && answer.status === 404 && flags.ignoreNotFound) continue;
    terminal.writeError(`error: ${answer.message}\n`);
    status = EXIT.failed;
    if (answer.kind === "unreachable") break;
  }
  if (!flags.wait || flags.dryRun !== "none") return status;
  const untilMs = shell.clock.nowMs() + flags.timeout;
  for (const object of removed) {
    const leftMs = Math.max(0, untilMs - shell.clock.nowMs());
    const outcome = await waitUntilLive(shell, client, { object, exists: false }, leftMs);
    const name = resourceName(namesOf(object.kind), object.name);
    if (!tellWaited(shell, name, outcome)) status = EXIT.failed;
  }
  return status;
}

export function deleteCommand(shell: Shell): Command {
  return new Command("delete")
    .description(
      "Takes objects out of the configuration: by name, or every object that is in files.\nTheir documents go from the pilot's files; a file goes with its last document.",
    )
    .argument("[object...]", "KIND NAME, or KIND/NAME")
    .addOption(filesOption())
    .addOption(namespaceOption())
    .addOption(dryRunOption())
    .option("--ignore-not-found", "what is not there is deleted", false)
    .option("--wait", "wait until it is gone from every connected proxy", false)
    .addOption(durationOption("--timeout <duration>", "how long --wait waits", 30_000))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan delete vs reviews\n  sampan delete -f reviews.yaml --wait\n",
    )
    .action(
      runs(shell, (words: readonly string[], flags: DeleteFlags) => remove(shell, words, flags)),
    );
}
