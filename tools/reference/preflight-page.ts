// docs/reference/preflight.md, from the checks' own descriptions.
import { CATALOGUE } from "#preflight/catalogue.ts";
import { CATEGORIES, type Category } from "#preflight/check.ts";
import { page, table } from "./markdown.ts";

const TITLES: Readonly<Record<Category, string>> = {
  machine: "The machine",
  network: "Ports and connections",
  time: "The clock",
  names: "Names",
  files: "Files",
  versions: "Versions",
  configuration: "Configuration",
  interception: "Transparent interception (`--interception` only)",
};

function section(category: Category): string {
  const rows = CATALOGUE.filter((check) => check.category === category).map(
    ({ name, severity, summary, why, fix }) => [`\`${name}\``, severity, summary, why, fix],
  );
  return `## ${TITLES[category]}\n\n${table(["name", "at worst", "passes when", "why", "what to do"], rows)}`;
}

const RUNNING = `## When it runs

- \`sampan preflight\` runs every check and changes nothing. \`sampan preflight up DIR\` and \`sampan preflight proxy -c FILE\` also look at the ports,
  limits, names and certificates of that configuration, and say what is not valid in it.
- \`sampan up\` begins with those of the machine; what is wrong with the folder is said by its phase \`config\` and by the pilot, and by
  \`sampan up phase preflight DIR\` too. On a developer's machine an error of \`Swap\` is a warning, until told otherwise with
  \`--ignore-preflight-errors=none\`.
- \`sampan pilot\` and \`sampan proxy\` begin with those that are quick and concern that one process: the machine, its ports, the clock, its folders
  and the runtime. \`--skip-phases preflight\` leaves them out.

Every check runs, whatever the others found. A warning never stops anything, unless \`sampan preflight --strict\` says so; an error ends the command
with [status 2](exit-status.md).`;

const IGNORING = `## To go on all the same

\`--ignore-preflight-errors\` takes names of checks, separated by commas, in any case, as often as you like; their errors are shown as warnings.
\`all\` stands for every check and cannot be combined with names; \`none\` takes back what is ignored by default. A name that no check has is refused.
Names that a team always ignores can be kept in a file for \`--preflight-config\`; the two lists are united:

\`\`\`yaml
apiVersion: sampan.dev/v1
kind: PreflightConfiguration
ignorePreflightErrors:
  - Swap
  - Port-8080
\`\`\``;

export function preflightPage(): string {
  return page(
    "Preflight checks",
    `What \`sampan preflight\` looks at before anything starts, in kubeadm's manner: \`[ERROR Swap]: …\` with the remedy on the line below.
\`sampan preflight --list\` prints the names, \`--only\` runs some of them, \`-o json\` is for programs, and \`--print-fix\` prints the remedies as a script.`,
    [RUNNING, IGNORING, ...CATEGORIES.map(section)],
  );
}
