// `sampan completion bash|zsh|fish`: prints what teaches a shell to complete sampan's command lines.
import { Argument, Command } from "commander";
import bash from "./completion/scripts/sampan.bash" with { type: "text" };
import fish from "./completion/scripts/sampan.fish" with { type: "text" };
import zsh from "./completion/scripts/sampan.zsh" with { type: "text" };
import { EXIT } from "./shell/exit-status.ts";
import { runs, type Shell } from "./shell/shell.ts";

const SCRIPTS = { bash, zsh, fish };

export function completionCommand(shell: Shell): Command {
  return new Command("completion")
    .description(
      "Prints the completion script of a shell: commands, flags and their choices, and names from the running mesh (proxies, services, configuration objects).",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .addHelpText(
      "after",
      `
Examples:
  source <(sampan completion bash)     in ~/.bashrc
  source <(sampan completion zsh)      in ~/.zshrc, after compinit
  sampan completion fish | source      in ~/.config/fish/config.fish
`,
    )
    .action(
      runs(shell, (name: keyof typeof SCRIPTS) => {
        shell.terminal.write(SCRIPTS[name]);
        return EXIT.ok;
      }),
    );
}
