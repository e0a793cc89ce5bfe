// The command line put together: the command that is called with all its flags, the others by name and summary only.
import { type Argument, Command, CommanderError, type Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { COMMANDS, type CommandEntry } from "./commands.ts";
import { EXIT } from "./shell/exit-status.ts";
import type { Shell } from "./shell/shell.ts";
import { isExperimental, withoutExperimental, withPlainVerbosity } from "./shell/spellings.ts";

/** Choices, default and variable of a flag or argument; a default that goes without saying is not said. */
function describe(place: Option | Argument): string {
  const { description, argChoices, defaultValue, defaultValueDescription } = place;
  const isObvious =
    typeof defaultValue === "boolean" || defaultValue === "" || Array.isArray(defaultValue);
  const value = isObvious ? undefined : (defaultValueDescription ?? defaultValue);
  const variable = "envVar" in place ? place.envVar : undefined;
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(value === undefined ? [] : [`default: ${value}`]),
    ...(variable === undefined ? [] : [`env: ${variable}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`.trim();
}

/** The terminal breaks the lines; an empty line begins another paragraph. */
const oneParagraph = (text: string): string => text.replace(/(?<!\n)\n(?!\n)/g, " ");

/** Paragraphs of help that are wider than the terminal, broken at blanks; what is indented or fenced is copied as it stands. */
export function wrapParagraphs(text: string, columns: number): string {
  return text.replace(/^\S.*(?:\n\S.*)*/gm, (paragraph) => {
    const lines = paragraph.split("\n");
    const isFenced = lines.includes("```");
    if (isFenced || lines.every((line) => line.length <= columns)) return paragraph;
    const wrapped: string[] = [];
    for (const word of lines.join(" ").split(" ")) {
      const last = wrapped.at(-1);
      if (last === undefined || last.length + 1 + word.length > columns) wrapped.push(word);
      else wrapped[wrapped.length - 1] = `${last} ${word}`;
    }
    return wrapped.join("\n");
  });
}

/** What every command has: behaviour that commander does not hand down to commands made elsewhere. */
function prepare(command: Command, shell: Shell): Command {
  command
    .exitOverride()
    .helpOption("-h, --help", "explain this command")
    .helpCommand(false) // `help COMMAND` is rewritten once for all
    .description(oneParagraph(command.description()))
    .configureHelp({
      optionDescription: describe,
      argumentDescription: describe,
      commandUsage: (shown) => `${fullName(shown)} ${shown.usage()}`,
      // The short ones are worth knowing; the long are there for who comes from another tool.
      subcommandTerm: (child) =>
        [child.name(), ...child.aliases().filter(({ length }) => length <= 2)].join(", "),
    })
    .showSuggestionAfterError()
    .showHelpAfterError(`(${fullName(command)} --help says more)`)
    .configureOutput({
      writeOut: (text) => shell.terminal.write(wrapParagraphs(text, shell.terminal.size().columns)),
      writeErr: (text) => shell.terminal.writeError(text),
      getOutHelpWidth: () => shell.terminal.size().columns,
      getErrHelpWidth: () => shell.terminal.size().columns,
      getOutHasColors: () => shell.terminal.hasColor,
      getErrHasColors: () => shell.terminal.hasColor,
    });
  for (const child of command.commands) prepare(child, shell);
  return command;
}

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

function placeholder(entry: CommandEntry): Command {
  return new Command(entry.name).description(entry.summary);
}

const CLOSING_WORDS = `
Examples:
  sampan up examples/bookinfo            start here: a mesh on this machine
  sampan why GET http://reviews:9080/ --from productpage-v1-1
  sampan help COMMAND                    flags and examples of a command
`;

function createRoot(): Command {
  return new Command("sampan")
    .enablePositionalOptions() // what stands behind a command is the command's, also where it has commands of its own
    .description("A service mesh: Istio configuration in, xDS to Envoy or to its own proxy.")
    .usage("COMMAND [flags]")
    .version(packageJson.version, "-V, --version", "print the version of this program")
    .option("--no-color", "no colour, also by NO_COLOR or TERM=dumb")
    .addHelpText("after", CLOSING_WORDS);
}

/** `called`: the names of commands to load, or "all" for reference pages. */
export async function createProgram(
  shell: Shell,
  called: readonly string[] | "all",
): Promise<Command> {
  const program = createRoot();
  for (const entry of COMMANDS) {
    const isCalled = called === "all" || called.includes(entry.name);
    const command = isCalled ? (await entry.load())(shell) : placeholder(entry);
    command.summary(entry.summary).helpGroup(`${entry.group}:`);
    for (const alias of entry.aliases ?? []) command.alias(alias);
    program.addCommand(command, { hidden: entry.isHidden === true });
  }
  return prepare(program, shell);
}

/** One spelling for the many: `x precheck` is `precheck`, `help up` is `up --help`; `--no-color` is the shell's business. */
function normalize(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  const isFlagPlace = (index: number): boolean => end === -1 || index < end;
  const plain = args.filter((arg, index) => arg !== "--no-color" || !isFlagPlace(index));
  const words = withPlainVerbosity(withoutExperimental(plain));
  const asked = words.findIndex((word) => word !== "help");
  if (words[0] === "help") return [...(asked === -1 ? [] : words.slice(asked)), "--help"];
  return words.length === 0 || isExperimental(words) ? ["--help"] : words;
}

function entryOf(word: string): CommandEntry | undefined {
  return COMMANDS.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
}

const firstWord = (args: readonly string[]): string | undefined =>
  args.find((arg) => !arg.startsWith("-"));

/** The command, and for the one that completes a line also the command of that line, which it asks about itself. */
function calledCommands(args: readonly string[]): readonly string[] {
  const word = firstWord(args);
  const entry = entryOf(word ?? "");
  if (entry === undefined) return [];
  if (entry.isHidden !== true) return [entry.name];
  const asked = args.slice(args.indexOf(entry.name) + 1).filter((arg) => arg !== "--");
  return [entry.name, ...calledCommands(withoutExperimental(asked))];
}

/** Runs one command line; the shell hears its exit status. */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<void> {
  const words = normalize(args);
  const program = await createProgram(shell, calledCommands(words));
  try {
    // Commander shows the root's help for an unknown word with --help: it would hide that there is no such command.
    const named = firstWord(words);
    if (named !== undefined && entryOf(named) === undefined) {
      await program.parseAsync([named], { from: "user" });
    }
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code.startsWith("commander.help") || error.code === "commander.version";
    shell.exit(isHelp && error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  }
}
