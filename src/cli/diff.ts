// `sampan diff`: what `apply` of the same files would change.
import { Command } from "commander";
import { createColors } from "picocolors";
import type { SocketAddress } from "#base/net.ts";
import { namesOf } from "#pilot/model/kinds.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { canonicalYaml, canonicalYamlOf } from "./config/canonical.ts";
import { filesOption, namespaceOption } from "./config/flags.ts";
import { resourceName } from "./config/kind-argument.ts";
import { ObjectClient } from "./config/object-client.ts";
import { errorsOf, type FileObject, problemLine, readObjectFiles } from "./config/object-files.ts";
import { unifiedDiff } from "./config/unified-diff.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { plainLines } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface DiffFlags {
  readonly filename: readonly string[];
  readonly namespace?: string;
  readonly pilot: SocketAddress;
}

async function diff(shell: Shell, flags: DiffFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number): number => {
    terminal.writeError(`sampan diff: ${message}\n`);
    return status;
  };
  if (flags.filename.length === 0)
    return fail("name files with -f FILE, -f DIR, or -f - for stdin", EXIT.usage);
  const read = await readObjectFiles(shell, flags.filename, flags.namespace);
  if (read.kind === "unreadable") return fail(read.message, EXIT.unreadable);
  const errors = errorsOf(read.problems);
  for (const problem of errors) terminal.writeError(problemLine(problem));
  if (errors.length > 0) return fail("the files must be mended first", EXIT.invalidConfiguration);
  const client = new ObjectClient(new PilotClient(shell.httpClient, flags.pilot));
  let isSame = true;
  for (const file of read.objects) {
    const found = await differenceOf(client, file);
    // A status of its own: 1 says that there are differences.
    if ("message" in found) return fail(found.message, EXIT.unreadable);
    if (found.text !== "") isSame = false;
    terminal.write(colored(plainLines(found.text), terminal.hasColor));
  }
  return isSame ? EXIT.ok : EXIT.failed;
}

async function differenceOf(
  client: ObjectClient,
  { object }: FileObject,
): Promise<{ readonly text: string } | { readonly message: string }> {
  const answer = await client.read(object);
  const isMissing = answer.kind === "refused" && answer.status === 404;
  if (answer.kind !== "answered" && !isMissing) return { message: answer.message };
  const live = answer.kind === "answered" ? canonicalYaml(answer.value) : "";
  const { file, line } = object.source;
  const name = resourceName(namesOf(object.kind), object.name);
  const text = unifiedDiff(live, canonicalYamlOf(object), {
    before: `live ${name} in ${object.namespace}`,
    after: `${file}:${line}`,
  });
  return { text };
}

function colored(text: string, hasColor: boolean): string {
  if (!hasColor) return text;
  const { red, green, cyan, bold } = createColors(true);
  return text.replace(/^.*$/gm, (line) => {
    if (/^(?:---|\+\+\+) /.test(line)) return bold(line);
    if (line.startsWith("@@")) return cyan(line);
    if (line.startsWith("-")) return red(line);
    return line.startsWith("+") ? green(line) : line;
  });
}

export function diffCommand(shell: Shell): Command {
  return new Command("diff")
    .description(
      "Shows what `sampan apply` of the same files would change, as a unified diff from what is in force to the files.\nExit status 0 without a difference, 1 with one, above 1 when something went wrong.",
    )
    .addOption(filesOption())
    .addOption(namespaceOption())
    .addOption(pilotOption())
    .addHelpText("after", "\nExamples:\n  sampan diff -f reviews.yaml\n  sampan diff -f mesh/\n")
    .action(runs(shell, (flags: DiffFlags) => diff(shell, flags)));
}
