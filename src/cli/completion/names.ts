// Names that a value may stand for: of the running mesh, of the run directories, and of tables in the code. Tables are loaded
// when they are asked for: a person waits at the keyboard.
import { LOG_LEVELS } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { KIND_NAMES } from "#pilot/model/kinds.ts";
import { findKind } from "../config/kind-argument.ts";
import { MESH_NAMES } from "../get/mesh.ts";
import type { Shell } from "../shell/shell.ts";
import { parseSocketAddress } from "../shell/socket-address.ts";
import { findMeshes } from "../up/run-directory.ts";
import type { Candidate, Names, TypedLine } from "./complete-words.ts";
import { NamesFromPilot } from "./names-from-pilot.ts";
import type { ValueSource } from "./value-sources.ts";

const DEFAULT_PILOT: SocketAddress = { host: "127.0.0.1", port: 15014 };

type Source = (
  pilot: NamesFromPilot,
  typed: TypedLine,
  partial: string,
  shell: Shell,
) => Promise<readonly Candidate[]>;

const plain = (values: readonly string[]): readonly Candidate[] =>
  values.map((value) => ({ value, description: "" }));

const KINDS: readonly Candidate[] = KIND_NAMES.flatMap(({ kind, plural, shortNames }) => [
  { value: plural, description: kind },
  ...shortNames.map((value) => ({ value, description: kind })),
]);

/** Of the kind that `text` names; what else `get` shows has names, too. */
async function namesOfKind(pilot: NamesFromPilot, text: string): Promise<readonly Candidate[]> {
  if (text === "services" || text === "endpoints") return await pilot.services();
  if (text === "proxies") return await pilot.proxies();
  const kind = findKind(text)?.kind;
  return kind === undefined ? [] : await pilot.objects((found) => found === kind);
}

/** `vs reviews` and `vs/reviews`. */
const objects: Source = async (pilot, { operands: [first] }, partial) => {
  if (first !== undefined && !first.includes("/")) return await namesOfKind(pilot, first);
  const slash = partial.indexOf("/");
  if (slash === -1) return KINDS;
  const kind = partial.slice(0, slash);
  const names = await namesOfKind(pilot, kind);
  return names.map(({ value, description }) => ({ value: `${kind}/${value}`, description }));
};

const SOURCES: Readonly<Record<Exclude<ValueSource, "files" | "folders">, Source>> = {
  proxies: (pilot) => pilot.proxies(),
  services: (pilot) => pilot.services(),
  namespaces: (pilot) => pilot.namespaces(),
  kinds: async () => [...KINDS, ...plain(MESH_NAMES)],
  objects,
  levels: async () => plain(LOG_LEVELS),
  phases: async () => {
    const { UP_PHASES } = await import("../up/phases/all.ts");
    return UP_PHASES.map(({ name, short }) => ({ value: name, description: short }));
  },
  checks: async () => {
    const { CATALOGUE } = await import("#preflight/catalogue.ts");
    return CATALOGUE.map(({ name, summary }) => ({ value: name, description: summary }));
  },
  codes: async () => {
    const { explainCode, KNOWN_CODES } = await import("../why-code/codes.ts");
    return KNOWN_CODES.map((value) => ({
      value,
      description: explainCode(value)?.meaning ?? "",
    }));
  },
  parts: async (_pilot, _typed, _partial, { files, env }) => {
    const meshes = await findMeshes(files, env);
    return meshes
      .flatMap(({ record }) => record.parts)
      .map(({ name, kind }) => ({ value: name, description: kind }));
  },
};

export function namesFor(shell: Shell): Names {
  return {
    of: async (source, typed, partial) => {
      if (source === "files" || source === "folders") return [];
      const told = typed.flagValues.get("pilot") ?? shell.env["SAMPAN_PILOT"] ?? "";
      const pilot = new NamesFromPilot(shell.httpClient, parseSocketAddress(told) ?? DEFAULT_PILOT);
      return await SOURCES[source](pilot, typed, partial, shell);
    },
  };
}
