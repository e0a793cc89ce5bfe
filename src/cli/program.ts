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
  return new Command(entry.name).summary(entry.summary).description(entry.summary);
}

/** `called`: the commands to load; "all" for reference pages and completion. */
export async function createProgram(
  shell: Shell,
  called: string | undefined | "all",
): Promise<Command> {
  const program = new Command("sampan")
    .description("A service mesh: Istio configuration in, xDS to Envoy or to its own proxy.")
    .version(packageJson.version, "-V, --version")
    .option("--no-color", "no colour, also by NO_COLOR or TERM=dumb");
  for (const entry of COMMANDS) {
    const isCalled = called === "all" || called === entry.name;
    const command = isCalled ? (await entry.load())(shell) : placeholder(entry);
    program.addCommand(command.summary(entry.summary).helpGroup(`${entry.group}:`));
  }
  return prepare(program, shell);
}

/** The first word that is no flag: the command. `help x` is about x. */
function calledCommand(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}

/** Runs one command line; the shell hears its exit status. `--no-color` may stand anywhere and is the shell's business. */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<void> {
  const rest = args.filter((arg) => arg !== "--no-color");
  const program = await createProgram(shell, calledCommand(rest));
  try {
    await program.parseAsync(rest, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code.startsWith("commander.help") || error.code === "commander.version";
    shell.exit(isHelp && error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  }
}
