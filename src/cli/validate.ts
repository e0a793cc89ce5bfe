// `sampan validate`: what the pilot would say of files, without a pilot.
import { Command } from "commander";
import type { Problem } from "#pilot/model/object.ts";
import { filesOption } from "./config/flags.ts";
import { errorsOf, problemLine, readObjectFiles } from "./config/object-files.ts";
import { EXIT } from "./shell/exit-status.ts";
import { formatResult, type OutputFormat, outputOption } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";

interface ValidateFlags {
  readonly filename: readonly string[];
  readonly output: OutputFormat;
}

/** `-o json`. */
export interface ValidationReport {
  readonly valid: boolean;
  readonly files: number;
  readonly objects: number;
  readonly problems: readonly Problem[];
}

async function validate(
  shell: Shell,
  paths: readonly string[],
  flags: ValidateFlags,
): Promise<number> {
  const { terminal } = shell;
  const inputs = [...flags.filename, ...paths];
  if (inputs.length === 0) {
    terminal.writeError("sampan validate: name files with -f FILE, -f DIR, or -f - for stdin\n");
    return EXIT.usage;
  }
  const read = await readObjectFiles(shell, inputs);
  if (read.kind === "unreadable") {
    terminal.writeError(`sampan validate: ${read.message}\n`);
    return EXIT.unreadable;
  }
  const errors = errorsOf(read.problems);
  const report: ValidationReport = {
    valid: errors.length === 0,
    files: read.fileCount,
    objects: read.objects.length,
    problems: read.problems,
  };
  if (flags.output !== "table") {
    terminal.write(formatResult(flags.output, { table: () => [], value: report }));
  } else {
    for (const problem of read.problems) terminal.writeError(problemLine(problem));
    terminal.write(summary(report, errors.length));
  }
  return report.valid ? EXIT.ok : EXIT.invalidConfiguration;
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

function summary({ valid, files, objects }: ValidationReport, errorCount: number): string {
  const read = `${counted(objects, "object")} in ${counted(files, "file")}`;
  return valid ? `✔ ${read} valid\n` : `✖ ${counted(errorCount, "error")}; ${read} valid\n`;
}

export function validateCommand(shell: Shell): Command {
  return new Command("validate")
    .description(
      "Says what is wrong with configuration files in the pilot's own words, with file, line and column, without a pilot.\nWhat objects cannot do together is found by `sampan analyze`.",
    )
    .argument("[file...]", "the same as -f")
    .addOption(filesOption())
    .addOption(outputOption(["table", "json", "yaml"]))
    .addHelpText(
      "after",
      "\nExamples:\n  sampan validate -f reviews.yaml\n  sampan validate -f mesh/ -o json\n  kubectl get vs -A -o yaml | sampan validate -f -\n",
    )
    .action(
      runs(shell, (paths: readonly string[], flags: ValidateFlags) =>
        validate(shell, paths, flags),
      ),
    );
}
