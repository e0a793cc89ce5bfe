// docs/reference/exit-status.md: the statuses that a process of sampan ends with.
import { EXIT, EXIT_MEANINGS } from "#cli/shell/exit-status.ts";
import { page, table } from "./markdown.ts";

/** `[status, meaning]` in the order of the numbers. */
export function exitStatusRows(
  names: readonly string[] = Object.keys(EXIT),
): readonly (readonly [string, string])[] {
  return (Object.keys(EXIT) as (keyof typeof EXIT)[])
    .filter((name) => names.includes(name))
    .map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]]);
}

export function exitStatusPage(): string {
  return page("Exit statuses", "The same for every command, and stable.", [
    table(["status", "meaning"], exitStatusRows()),
    "Each command's own are on [its reference page](cli.md). A process that a signal ended has no status; a shell shows 128 and the signal's number.",
  ]);
}
