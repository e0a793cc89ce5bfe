// The command line put together: the command that is called with all its flags, the others by name and summary only.
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { COMMANDS, type CommandEntry } from "./commands.ts";
import { EXIT } from "./shell/exit-status.ts";
import type { Shell } from "./shell/shell.ts";

/** What every command has: behaviour that commander does not hand down to commands made elsewhere. */
function prepare(command: Command, shell: Shell): Command {
  command
    .exitOverride()
    .helpOption("-h, --help", "explain this command")
    .showSuggestionAfterError()
    .showHelpAfterError(`(${fullName(command)} --help says more)`)
    .configureOutput({
      writeOut: (text) => shell.terminal.write(text),
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
    .description("A service mesh: Istio configuration in, xDS to Envoy or to its own proxy.")
    .usage("COMMAND [flags]")
    .version(packageJson.version, "-V, --version", "print the version of this program")
    .option("--no-color", "no colour, also by NO_COLOR or TERM=dumb")
    .helpCommand(false)
    .addHelpText("after", CLOSING_WORDS);
}

/** `called`: the name of the command to load; "all" for reference pages. */
export async function createProgram(
  shell: Shell,
  called: string | undefined | "all",
): Promise<Command> {
  const program = createRoot();
  for (const entry of COMMANDS) {
    const isCalled = called === "all" || called === entry.name;
    const command = isCalled ? (await entry.load())(shell) : placeholder(entry);
    command.summary(entry.summary).helpGroup(`${entry.group}:`);
    for (const alias of entry.aliases ?? []) command.alias(alias);
    program.addCommand(command, { hidden: entry.isHidden === true });
  }
  return prepare(program, shell);
}

/** istioctl keeps young commands below this word; here they have no such place. */
const EXPERIMENTAL: readonly string[] = ["x", "experimental"];

/** One spelling for the many: `x precheck` is `precheck`, `help up` is `up --help`; `--no-color` is the shell's business. */
function normalize(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  const isFlagPlace = (index: number): boolean => end === -1 || index < end;
  let words = args.filter((arg, index) => arg !== "--no-color" || !isFlagPlace(index));
  if (EXPERIMENTAL.includes(words[0] ?? "") && words.length > 1) words = words.slice(1);
  if (words[0] === "help") words = [...words.slice(1), "--help"];
  return words.length === 0 ? ["--help"] : words;
}

/** The first word that is no flag names the command, by its name or another spelling of it. */
function calledCommand(args: readonly string[]): string | undefined {
  const word = args.find((arg) => !arg.startsWith("-")) ?? "";
  return COMMANDS.find(({ name, aliases = [] }) => name === word || aliases.includes(word))?.name;
}

/** Runs one command line; the shell hears its exit status. */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<void> {
  const words = normalize(args);
  const program = await createProgram(shell, calledCommand(words));
  try {
    // Commander shows the root's help for an unknown word with --help: it would hide that there is no such command.
    const named = words.find((word) => !word.startsWith("-"));
    if (named !== undefined && calledCommand(words) === undefined) {
      await program.parseAsync([named], { from: "user" });
    }
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code.startsWith("commander.help") || error.code === "commander.version";
    shell.exit(isHelp && error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  }
}
