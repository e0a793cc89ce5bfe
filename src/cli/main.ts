// The command line: which commands there are. Each has a file of its own; only the one that is called is loaded.
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { EXIT } from "./exit-status.ts";

/** Loaded when called: a proxy should not pay for the pilot's validators, nor the pilot for the proxy. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import("./up.ts")).upCommand(),
  pilot: async () => (await import("./pilot.ts")).pilotCommand(),
  proxy: async () => (await import("./proxy.ts")).proxyCommand(),
};

const SUMMARIES: Readonly<Record<string, string>> = {
  up: "run a whole mesh on this machine",
  pilot: "run the control plane over a folder of Istio YAML",
  proxy: "run the data plane on an Envoy bootstrap file",
};

async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command("sampan")
    .description("A service mesh: Istio configuration in, xDS to Envoy or to its own proxy.")
    .version(packageJson.version, "-V, --version")
    .showSuggestionAfterError()
    .showHelpAfterError("(sampan --help lists the commands)")
    .exitOverride();
  for (const [command, load] of Object.entries(COMMANDS)) {
    if (command === name) {
      const loaded = await load();
      program.addCommand(loaded.exitOverride().showSuggestionAfterError());
    } else {
      program
        .command(command)
        .summary(SUMMARIES[command] ?? "")
        .description(SUMMARIES[command] ?? "");
    }
  }
  return program;
}

async function main(args: readonly string[]): Promise<void> {
  const name = args[0] === "help" ? args[1] : args[0];
  const program = await createProgram(name);
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code.startsWith("commander.help") || error.code === "commander.version";
    process.exitCode = isHelp && error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

await main(process.argv.slice(2));
