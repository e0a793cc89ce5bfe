// `sampan __complete -- words…`: what completion scripts ask. A line for each candidate (value, tab, description), and one
// at the end that says what the shell adds: `:nothing`, `:files` or `:folders`.
import { Command } from "commander";
import { LOG_LEVELS } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import {
  type Candidate,
  completeWords,
  type Names,
  type TypedLine,
} from "./completion/complete-words.ts";
import { NamesFromPilot } from "./completion/names-from-pilot.ts";
import type { ValueSource } from "./completion/value-sources.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { parseSocketAddress } from "./shell/socket-address.ts";
import { withoutExperimental } from "./shell/spellings.ts";
import { findMeshes } from "./up/run-directory.ts";

const DEFAULT_PILOT: SocketAddress = { host: "127.0.0.1", port: 15014 };

function pilotOf(shell: Shell, { flagValues }: TypedLine): SocketAddress {
  const told = flagValues.get("pilot") ?? shell.env["SAMPAN_PILOT"] ?? "";
  return parseSocketAddress(told) ?? DEFAULT_PILOT;
}

async function namesOf(
  shell: Shell,
  source: ValueSource,
  typed: TypedLine,
): Promise<readonly Candidate[]> {
  const pilot = new NamesFromPilot(shell.httpClient, pilotOf(shell, typed));
  switch (source) {
    case "proxies":
      return await pilot.proxies();
    case "services":
      return await pilot.services();
    case "namespaces":
      return await pilot.namespaces();
    case "levels":
      return LOG_LEVELS.map((value) => ({ value, description: "" }));
    case "checks": {
      const { CATALOGUE } = await import("#preflight/catalogue.ts");
      return CATALOGUE.map(({ name, summary }) => ({ value: name, description: summary }));
    }
    case "parts": {
      const meshes = await findMeshes(shell.files, shell.env);
      const parts = meshes.flatMap(({ record }) => record.parts);
      return parts.map(({ name, kind }) => ({ value: name, description: kind }));
    }
    case "objects":
      return await pilot.objects(() => true);
    default:
      return [];
  }
}

export function completeCommand(shell: Shell): Command {
  return new Command("__complete")
    .description("Prints what may stand at the end of a command line, for completion scripts.")
    .argument("[words...]", "the command line without its first word; the last one is completed")
    .action(
      runs(shell, async (words: readonly string[], _flags: object, self: Command) => {
        const program = self.parent ?? self;
        const names: Names = { of: (source, typed) => namesOf(shell, source, typed) };
        const { candidates, shellAdds } = await completeWords(
          withoutExperimental(words),
          program,
          names,
        );
        const lines = candidates.map(({ value, description }) => `${value}\t${description}\n`);
        shell.terminal.write(`${lines.join("")}:${shellAdds}\n`);
        return EXIT.ok;
      }),
    );
}
