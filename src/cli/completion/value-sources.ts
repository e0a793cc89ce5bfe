// What the value of a flag or argument is, by the name that help gives it: `<proxy>` is a proxy, `[dir]` a folder.
import type { Argument, Command, Option } from "commander";

/** Files and folders the shell knows; the others come from the mesh or from tables. */
export type ValueSource =
  | "files"
  | "folders"
  | "proxies"
  | "services"
  | "kinds"
  | "objects"
  | "phases"
  | "checks"
  | "codes"
  | "parts"
  | "namespaces"
  | "levels";

/**
 * By value name, or by command and value name where a name means something else there. `undefined`: whatever the person likes. A
 * test holds the table to every name that a command uses.
 */
export const VALUE_SOURCES: Readonly<Record<string, ValueSource | undefined>> = {
  checks: "checks",
  code: "codes",
  dir: "folders",
  folder: "folders",
  dump: "files",
  file: "files",
  json: "files",
  kind: "kinds",
  level: "levels",
  namespace: "namespaces",
  object: "objects",
  part: "parts",
  path: "files",
  phases: "phases",
  proxy: "proxies",
  service: "services",
  workload: "proxies",
  "get name": "objects",
  "troubleshoot path": undefined,
  "code=object": undefined,
  condition: undefined,
  duration: undefined,
  field: undefined,
  "host:port": undefined,
  id: undefined,
  method: undefined,
  n: undefined,
  name: undefined,
  "name=value": undefined,
  prefix: undefined,
  request: undefined,
  selector: undefined,
  address: undefined,
  host: undefined,
  levels: undefined,
  regex: undefined,
  shell: undefined,
  status: undefined,
  type: undefined,
  url: undefined,
};

/** "proxy" of `--from <proxy>`, of `[proxy]`, of `<proxies...>`; undefined for a flag without a value. */
export function valueNameOf(place: Option | Argument): string | undefined {
  const name = "flags" in place ? /[<[]([^>\]]+)[>\]]/.exec(place.flags)?.[1] : place.name();
  return name?.replace(/\.\.\.$/, "");
}

/** The entry of the table that the value of `place` has; undefined when there is none. */
export function valueKey(place: Option | Argument, command: Command): string | undefined {
  const name = valueNameOf(place) ?? "";
  return [`${command.name()} ${name}`, name].find((key) => key in VALUE_SOURCES);
}

export function valueSource(place: Option | Argument, command: Command): ValueSource | undefined {
  return VALUE_SOURCES[valueKey(place, command) ?? ""];
}
