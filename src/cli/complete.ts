// `sampan __complete -- words…`: what completion scripts ask. A line for each candidate (value, tab, description), and one
// at the end that says what the shell adds: `:nothing`, `:files` or `:folders`.
import { Command } from "commander";
import { completeWords } from "./completion/complete-words.ts";
import { namesFor } from "./completion/names.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { withoutExperimental } from "./shell/spellings.ts";

export function completeCommand(shell: Shell): Command {
  return new Command("__complete")
    .description("Prints what may stand at the end of a command line, for completion scripts.")
    .argument("[words...]", "the command line without its first word; the last one is completed")
    .action(
      runs(shell, async (words: readonly string[], _flags: object, self: Command) => {
        const { candidates, shellAdds } = await completeWords(
          withoutExperimental(words),
          self.parent ?? self,
          namesFor(shell),
        );
        const lines = candidates.map(({ value, description }) => `${value}\t${description}\n`);
        shell.terminal.write(`${lines.join("")}:${shellAdds}\n`);
        return EXIT.ok;
      }),
    );
}
