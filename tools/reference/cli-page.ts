// docs/reference/cli.md: every command with its arguments, flags, examples and statuses, from the commands themselves.
import type { Argument, Command, Option } from "commander";
import { COMMANDS, type CommandEntry } from "#cli/commands.ts";
import { createProgram } from "#cli/program.ts";
import { fakeShell } from "#cli/testing/fake-shell.ts";
import { exitStatusRows } from "./exit-status-page.ts";
import type { JsonShapes } from "./json-shapes.ts";
import { page, table } from "./markdown.ts";

/** What the sources say of a command beyond its flags. */
export interface CommandSources {
  /** Names in EXIT that its code uses. */
  readonly statuses: (command: string) => readonly string[];
  readonly jsonShapes: JsonShapes;
}

/** Help texts are no Markdown: "*.yaml" is no emphasis, "<name>" no element. Backquotes mean the same in both. */
const plain = (text: string): string =>
  text.replace(/`[^`]*`|[*_<]/g, (part) => (part.length > 1 ? part : `\\${part}`));
const code = (text: string): string => `\`${text}\``;
const fenced = (text: string, language = ""): string => `\`\`\`${language}\n${text.trim()}\n\`\`\``;

export const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

/** What `addHelpText` has put below the flags: examples, phases. */
function textAfter(command: Command): string {
  let written = "";
  const writeOut = (text: string): void => {
    written += text;
  };
  command.configureOutput({ writeOut }).outputHelp();
  return written.slice(command.helpInformation().length).trim();
}

function defaultOf({ defaultValue, defaultValueDescription }: Argument | Option): string {
  if (defaultValueDescription !== undefined) return code(defaultValueDescription);
  const isSilent =
    defaultValue === undefined ||
    typeof defaultValue === "boolean" ||
    (Array.isArray(defaultValue) && defaultValue.length === 0);
  return isSilent ? "" : code(String(defaultValue));
}

function meaningOf({ description, argChoices }: Option | Argument, variable = ""): string {
  const choices = argChoices === undefined ? "" : `: ${argChoices.map(code).join(", ")}`;
  const env = variable === "" ? "" : ` (environment: ${code(variable)})`;
  return `${plain(description)}${choices}${env}`;
}

function argumentTable(command: Command): readonly string[] {
  const rows = command.registeredArguments.map((argument) => [
    code(argument.name()),
    meaningOf(argument),
    defaultOf(argument),
  ]);
  return rows.length === 0 ? [] : [table(["argument", "meaning", "default"], rows)];
}

function flagTable(command: Command): readonly string[] {
  const rows = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => [code(option.flags), meaningOf(option, option.envVar), defaultOf(option)]);
  return rows.length === 0 ? [] : [table(["flag", "meaning", "default"], rows)];
}

const visibleChildren = (command: Command): readonly Command[] =>
  command.createHelp().visibleCommands(command);

/** Every command below `command` that help shows, depth first, in the order of the help. */
export function visibleCommands(command: Command): readonly Command[] {
  return visibleChildren(command).flatMap((child) => [child, ...visibleCommands(child)]);
}

const usage = (command: Command): string => `${fullName(command)} ${command.usage()}`;

function jsonSentence({ options }: Command): string {
  const hasYaml = options.some(({ argChoices }) => argChoices?.includes("yaml"));
  return hasYaml ? "`-o json` and `-o yaml` print:" : "`-o json` prints:";
}

function section(command: Command, { statuses, jsonShapes }: CommandSources): string {
  const depth = fullName(command).split(" ").length;
  const name = fullName(command).replace(/^sampan /, "");
  const aliases = command.aliases();
  const after = textAfter(command);
  const shape = jsonShapes.get(name);
  return [
    `${"#".repeat(Math.min(depth, 4))} ${fullName(command)}`,
    plain(command.description().replaceAll("\n", " ")),
    ...(aliases.length === 0
      ? []
      : [`Also: ${aliases.map((alias) => code(`sampan ${alias}`)).join(", ")}.`]),
    fenced(usage(command)),
    ...argumentTable(command),
    ...flagTable(command),
    ...(after === "" ? [] : [fenced(after)]),
    ...(shape === undefined ? [] : [jsonSentence(command), fenced(shape, "ts")]),
    ...(depth > 2
      ? []
      : [
          `Exit statuses: ${exitStatusRows(statuses(name))
            .map(([status, meaning]) => `${code(status)} ${meaning}`)
            .join("; ")}.`,
        ]),
  ].join("\n\n");
}

function overview(commands: readonly CommandEntry[]): string {
  const rows = commands
    .filter(({ isHidden }) => isHidden !== true)
    .map(({ name, group, summary }) => [group, `[${name}](#sampan-${name})`, summary]);
  return table(["", "command", ""], rows);
}

const INTRODUCTION =
  "Results go to stdout; notes, progress and errors to stderr. Where a flag stands in the line does not matter. `-o json` and " +
  "`-o yaml` have the documented shape, which only grows. Colour is for terminals, and off with `--no-color`, `NO_COLOR` or " +
  "`TERM=dumb`. `sampan help COMMAND` prints what is here; [`sampan completion`](#sampan-completion) lets the shell know it.";

export async function cliPage(sources: CommandSources): Promise<string> {
  const program = await createProgram(fakeShell().shell, "all");
  return page("Command line", INTRODUCTION, [
    overview(COMMANDS),
    ...flagTable(program),
    ...visibleCommands(program).map((command) => section(command, sources)),
  ]);
}
