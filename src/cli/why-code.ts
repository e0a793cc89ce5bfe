// `sampan why-code CODE…`: response flags, details and statuses of an access log in plain words.
import { Command } from "commander";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import { EXIT } from "./shell/exit-status.ts";
import { formatResult, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { type ExplainedCode, explainCode, KNOWN_CODES } from "./why-code/codes.ts";

interface WhyCodeFlags {
  readonly output: "table" | "json" | "yaml";
}

/** "UF,URX" as it stands in a log, several words, or both. */
const codesOf = (words: readonly string[]): readonly string[] =>
  words.flatMap((word) => word.split(",")).filter((word) => word !== "");

function whyCode({ terminal }: Shell, words: readonly string[], flags: WhyCodeFlags): number {
  const explained: ExplainedCode[] = [];
  for (const code of codesOf(words)) {
    const found = explainCode(code);
    if (found === undefined) {
      const near = nearest(code, KNOWN_CODES);
      const hint =
        near === undefined
          ? "a response flag, a detail or a status is wanted"
          : `did you mean ${near}?`;
      terminal.writeError(`sampan why-code: ${quoted(code)} is not known: ${hint}\n`);
      return EXIT.usage;
    }
    explained.push(found);
  }
  if (flags.output === "table") terminal.write(explained.map(textOf).join("\n"));
  else terminal.write(formatResult(flags.output, { table: () => [], value: explained }));
  return EXIT.ok;
}

function textOf({ code, meaning, causes, next }: ExplainedCode): string {
  const list = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`;
  return `${code}: ${meaning}\n${list("Likely because", causes)}${list("Look further", next)}`;
}

export function whyCodeCommand(shell: Shell): Command {
  return new Command("why-code")
    .description(
      "Say what a response flag (UF, UH, NR, …), a response code detail (via_upstream, …) or a status means, " +
        "what usually causes it, and what to run next.",
    )
    .argument("<code...>", "as it stands in the access log; several may be joined by commas")
    .addOption(outputOption(["table", "json", "yaml"]))
    .addHelpText("after", "\nExamples:\n  sampan why-code UF,URX\n  sampan why-code 503 -o json\n")
    .action(
      runs(shell, (words: readonly string[], flags: WhyCodeFlags) => whyCode(shell, words, flags)),
    );
}
