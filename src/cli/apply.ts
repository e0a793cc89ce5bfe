// `sampan apply`: files become the configuration, all of them or none.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import type { ObjectJson } from "#pilot/api/object-json.ts";
import { type KindNames, namesOf } from "#pilot/model/kinds.ts";
import { objectKey, objectName } from "#pilot/model/object.ts";
import { type PilotAnswer, PilotClient } from "./client/pilot-client.ts";
import { canonicalYaml, canonicalYamlOf } from "./config/canonical.ts";
import {
  type DryRun,
  dryRunMark,
  dryRunOption,
  filesOption,
  namespaceOption,
} from "./config/flags.ts";
import { resourceName } from "./config/kind-argument.ts";
import { tellWaited, waitUntilLive } from "./config/live.ts";
import { ObjectClient } from "./config/object-client.ts";
import { errorsOf, type FileObject, problemLine, readObjectFiles } from "./config/object-files.ts";
import { EXIT } from "./shell/exit-status.ts";
import { durationOption, pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface ApplyFlags {
  readonly filename: readonly string[];
  readonly namespace?: string;
  readonly dryRun: DryRun;
  readonly wait: boolean;
  readonly timeout: number;
  readonly pilot: SocketAddress;
}

type Change = "created" | "configured" | "unchanged";

interface PlannedChange {
  readonly file: FileObject;
  readonly change: Change;
  /** "virtualservice.networking.istio.io/reviews" */
  readonly name: string;
}

async function apply(shell: Shell, flags: ApplyFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number = EXIT.failed): number => {
    terminal.writeError(`sampan apply: ${message}\n`);
    return status;
  };
  if (flags.filename.length === 0)
    return fail("name files with -f FILE, -f DIR, or -f - for stdin", EXIT.usage);
  const read = await readObjectFiles(shell, flags.filename, flags.namespace);
  if (read.kind === "unreadable") return fail(read.message, EXIT.unreadable);
  for (const problem of read.problems) terminal.writeError(problemLine(problem));
  if (errorsOf(read.problems).length > 0)
    return fail("nothing was applied", EXIT.invalidConfiguration);
  if (read.objects.length === 0) return fail(`no objects in ${flags.filename.join(", ")}`);
  const client = new ObjectClient(new PilotClient(shell.httpClient, flags.pilot));
  const plan = await planChanges(client, read.objects);
  if ("message" in plan) return fail(plan.message);
  if (flags.dryRun !== "client") {
    const refusals = await checkChanges(client, plan.changes);
    for (const line of refusals.lines) terminal.writeError(line);
    if (refusals.lines.length > 0) return fail("nothing was applied", refusals.status);
  }
  const done = await applyChanges(shell, client, plan.changes, flags.dryRun);
  if (done !== undefined) return fail(done);
  if (!flags.wait || flags.dryRun !== "none") return EXIT.ok;
  return waitForAll(shell, client, plan.changes, flags.timeout);
}

async function planChanges(
  client: ObjectClient,
  files: readonly FileObject[],
): Promise<{ readonly changes: readonly PlannedChange[] } | { readonly message: string }> {
  const live = new Map<string, ObjectJson>();
  const broken = await client.brokenObjects();
  const kinds = new Set<KindNames>(files.map(({ object }) => namesOf(object.kind)));
  for (const names of kinds) {
    const answer = await client.list(names, undefined);
    if (answer.kind !== "answered") return { message: answer.message };
    for (const found of answer.value) live.set(keyOf(found), found);
  }
  return {
    changes: files.map((file) => {
      const { object } = file;
      const found = live.get(objectKey(object));
      const isSame =
        found !== undefined &&
        canonicalYaml(found) === canonicalYamlOf(object) &&
        !broken.has(objectName(object));
      const change = found === undefined ? "created" : isSame ? "unchanged" : "configured";
      return { file, change, name: resourceName(namesOf(object.kind), object.name) };
    }),
  };
}

const keyOf = ({ kind, metadata }: ObjectJson): string =>
  objectKey({ kind, namespace: metadata.namespace, name: metadata.name });

/** The pilot's own word on every write before the first of them happens. */
async function checkChanges(
  client: ObjectClient,
  changes: readonly PlannedChange[],
): Promise<{ readonly lines: readonly string[]; readonly status: number }> {
  const lines: string[] = [];
  let status: number = EXIT.failed;
  for (const planned of changes) {
    const answer = await writeChange(client, planned, true);
    if (answer === undefined || answer.kind === "answered") continue;
    const { file, line } = planned.file.object.source;
    lines.push(`error: ${file}:${line}: ${planned.name}: ${answer.message}\n`);
    if (answer.kind === "refused" && answer.status === 422) status = EXIT.invalidConfiguration;
    if (answer.kind === "unreachable") break;
  }
  return { lines, status };
}

/** Words about the first write that failed; undefined: all happened. */
async function applyChanges(
  shell: Shell,
  client: ObjectClient,
  changes: readonly PlannedChange[],
  dryRun: DryRun,
): Promise<string | undefined> {
  for (const [i, planned] of changes.entries()) {
    const answer = dryRun === "none" ? await writeChange(client, planned, false) : undefined;
    if (answer !== undefined && answer.kind !== "answered") {
      const rest = changes.length - i;
      return `${planned.name}: ${answer.message}\n${i} of ${changes.length} objects were applied, ${rest} not: mend the cause and apply again`;
    }
    shell.terminal.write(`${planned.name} ${planned.change}${dryRunMark[dryRun]}\n`);
  }
  return undefined;
}

async function writeChange(
  client: ObjectClient,
  { file, change }: PlannedChange,
  isDryRun: boolean,
): Promise<PilotAnswer<unknown> | undefined> {
  const { object, text, wholeText } = file;
  if (change === "unchanged") return undefined;
  return change === "created"
    ? client.create(object, wholeText, { isDryRun })
    : client.replace(object, text, { isDryRun });
}

async function waitForAll(
  shell: Shell,
  client: ObjectClient,
  changes: readonly PlannedChange[],
  timeoutMs: number,
): Promise<number> {
  const untilMs = shell.clock.nowMs() + timeoutMs;
  let isLive = true;
  for (const { file, name } of changes) {
    const wanted = { object: file.object, exists: true };
    const leftMs = Math.max(0, untilMs - shell.clock.nowMs());
    const outcome = await waitUntilLive(shell, client, wanted, leftMs);
    isLive = tellWaited(shell, name, outcome) && isLive;
  }
  return isLive ? EXIT.ok : EXIT.failed;
}

export function applyCommand(shell: Shell): Command {
  return new Command("apply")
    .description(
      "Makes the configuration what the files say: objects that are not there are created, others replaced as a whole.\nEverything is validated first; when anything is wrong nothing is applied, and the exit status is 3.\nThe pilot writes into its folder: where an object stands, or into a file of its own.",
    )
    .addOption(filesOption())
    .addOption(namespaceOption())
    .addOption(dryRunOption())
    .option("--wait", "wait until every connected proxy has it", false)
    .addOption(durationOption("--timeout <duration>", "how long --wait waits", 30_000))
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan apply -f reviews.yaml --wait\n  sampan apply -f mesh/ --dry-run=server\n  cat reviews.yaml | sampan apply -f -\n",
    )
    .action(runs(shell, (flags: ApplyFlags) => apply(shell, flags)));
}
