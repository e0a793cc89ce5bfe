// `sampan edit`: an object in the person's own editor, as its author wrote it, and back.
import { Command } from "commander";
import type { SocketAddress } from "#base/net.ts";
import type { ObjectDocument } from "#pilot/api/debug-pages.ts";
import { readOneObject } from "#pilot/config/object-document.ts";
import { objectKey } from "#pilot/model/object.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { namespaceOption } from "./config/flags.ts";
import { parseTarget, resourceName } from "./config/kind-argument.ts";
import { whyNoObject } from "./config/missing-object.ts";
import { ObjectClient, type ObjectName } from "./config/object-client.ts";
import { type EditProblem, editorText, headerLines, withoutHeader } from "./edit/editor-text.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pilotOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface EditFlags {
  readonly namespace?: string;
  readonly pilot: SocketAddress;
}

/** One sitting at the editor: what was written, or why there is nothing to go on with. */
type Sitting =
  | { readonly kind: "saved"; readonly text: string }
  | { readonly kind: "cancelled"; readonly message: string; readonly isFailure: boolean };

async function edit(shell: Shell, words: readonly string[], flags: EditFlags): Promise<number> {
  const { terminal } = shell;
  const fail = (message: string, status: number = EXIT.failed): number => {
    terminal.writeError(`sampan edit: ${message}\n`);
    return status;
  };
  const target = parseTarget(words);
  if (target.kind === "failed") return fail(target.message, EXIT.usage);
  const [name, ...others] = target.objectNames;
  if (name === undefined || others.length > 0)
    return fail("name one object: KIND/NAME", EXIT.usage);
  const object: ObjectName = {
    kind: target.names.kind,
    namespace: flags.namespace ?? "default",
    name,
  };
  const client = new ObjectClient(new PilotClient(shell.httpClient, flags.pilot));
  const answer = await client.document(objectKey(object));
  if (answer.kind !== "answered") return fail(await whyNoObject(client, object, answer));
  const session = new EditSession(shell, client, object, answer.value);
  const outcome = await session.run();
  if (outcome.kind === "written") {
    await shell.fileWriter.remove(session.path);
    terminal.write(`${resourceName(target.names, name)} edited\n`);
    return EXIT.ok;
  }
  if (!outcome.isFailure) {
    await shell.fileWriter.remove(session.path);
    terminal.writeError(`${outcome.message}\n`);
    return EXIT.ok;
  }
  return fail(`${outcome.message}\nYour text is kept in ${session.path}`);
}

type Written = { readonly kind: "written" } | Extract<Sitting, { readonly kind: "cancelled" }>;

class EditSession {
  readonly path: string;
  readonly #shell: Shell;
  readonly #client: ObjectClient;
  readonly #object: ObjectName;
  readonly #document: ObjectDocument;

  constructor(shell: Shell, client: ObjectClient, object: ObjectName, document: ObjectDocument) {
    this.#shell = shell;
    this.#client = client;
    this.#object = object;
    this.#document = document;
    const folder = shell.env["TMPDIR"] || "/tmp";
    const number = shell.random.u32().toString(16);
    this.path = `${folder.replace(/\/+$/, "")}/sampan-edit-${object.name}-${number}.yaml`;
  }

  /** Again and again until it is valid and written, or given up. */
  async run(): Promise<Written> {
    const { text: original, resourceVersion } = this.#document;
    let before = original;
    let problems: readonly EditProblem[] = [];
    for (;;) {
      const sitting = await this.#sit(before, problems);
      if (sitting.kind === "cancelled") return sitting;
      const { text } = sitting;
      if (text.trim() === "" || text.trimEnd() === original.trimEnd()) {
        return { kind: "cancelled", message: "Edit cancelled, no changes made.", isFailure: false };
      }
      if (problems.length > 0 && text.trimEnd() === before.trimEnd()) {
        return {
          kind: "cancelled",
          message: `no valid changes were saved:\n${problems.map(({ text: words }) => words).join("\n")}`,
          isFailure: true,
        };
      }
      before = text;
      problems = this.#problemsOf(text);
      if (problems.length > 0) continue;
      const answer = await this.#client.replace(this.#object, text, { version: resourceVersion });
      if (answer.kind === "answered") return { kind: "written" };
      if (answer.kind === "refused" && answer.status === 422) {
        problems = [{ text: answer.message }];
        continue;
      }
      const isChanged = answer.kind === "refused" && answer.status === 409;
      const hint = isChanged ? "\nSomebody changed it meanwhile: look at it, and edit again." : "";
      return { kind: "cancelled", message: `${answer.message}${hint}`, isFailure: true };
    }
  }

  async #sit(text: string, problems: readonly EditProblem[]): Promise<Sitting> {
    const { env, directory, fileWriter, files } = this.#shell;
    const { object, source } = this.#document;
    const shown = editorText(
      headerLines(`${object} (${source.file}:${source.line})`, problems),
      text,
    );
    const failure = (message: string): Sitting => ({ kind: "cancelled", message, isFailure: true });
    const written = await fileWriter.replace(this.path, shown);
    if (written.kind === "failed") return failure(`Cannot write ${this.path}: ${written.reason}`);
    const editor = env["SAMPAN_EDITOR"] || env["VISUAL"] || env["EDITOR"] || "vi";
    // As git does it: the variable may hold flags too ("code --wait").
    const command = ["sh", "-c", `${editor} "$1"`, "sh", this.path] as const;
    const exit = await this.#shell.runInForeground({ command: [...command], directory, env });
    if ("reason" in exit) return failure(`Cannot start the editor ${editor}: ${exit.reason}`);
    if (exit.code !== 0)
      return failure(
        `the editor ${editor} ended with status ${exit.code ?? exit.signal}: set EDITOR`,
      );
    const reading = await files.read(this.path);
    if (reading.kind === "failed") return failure(`Cannot read ${this.path}: ${reading.reason}`);
    return { kind: "saved", text: withoutHeader(new TextDecoder().decode(reading.bytes)) };
  }

  #problemsOf(text: string): readonly EditProblem[] {
    const read = readOneObject(text, "text");
    if (read.kind === "invalid") {
      return read.problems.map(({ source, field, message }) => ({
        position: source,
        text: field === "" ? message : `${field}: ${message}`,
      }));
    }
    if (read.key === objectKey(this.#object)) return [];
    const words = `kind, namespace and name must stay those of ${this.#document.object}: apply makes new objects`;
    return [{ text: words }];
  }
}

export function editCommand(shell: Shell): Command {
  return new Command("edit")
    .description(
      "Opens an object in your editor (SAMPAN_EDITOR, VISUAL or EDITOR; vi without) as its author wrote it, comments and all,\nand writes back what you save. What is not valid comes back into the editor with what is wrong on top.",
    )
    .argument("<object...>", "KIND/NAME, or KIND NAME")
    .addOption(namespaceOption())
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan edit vs/reviews\n  EDITOR='code --wait' sampan edit dr reviews\n",
    )
    .action(runs(shell, (words: readonly string[], flags: EditFlags) => edit(shell, words, flags)));
}
