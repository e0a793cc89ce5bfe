// What the value of a flag or argument is, by the name that help gives it: `<proxy>` is a proxy, `[dir]` a folder.
import type { Argument, Option } from "commander";

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
  | "parts"
  | "namespaces"
  | "levels";

/** `undefined`: whatever the person likes. A test holds the table to every name that a command uses. */
export const VALUE_SOURCES: Readonly<Record<string, ValueSource | undefined>> = {
  dir: "folders",
  file: "files",
  path: "files",
  "host:port": undefined,
  duration: undefined,
  n: undefined,
  id: undefined,
  name: undefined,
  method: undefined,
  prefix: undefined,
  status: undefined,
  "name=value": undefined,
  shell: undefined,
  level: "levels",
  checks: "checks",
  part: "parts",
  workload: "proxies",
  service: "services",
  namespace: "namespaces",
  proxy: "proxies",
  phases: "phases",
};

/** "proxy" of `--from <proxy>`, of `[proxy]`, of `<proxies...>`; undefined for a flag without a value. */
export function valueNameOf(place: Option | Argument): string | undefined {
  const name = "flags" in place ? /[<[]([^>\]]+)[>\]]/.exec(place.flags)?.[1] : place.name();
  return name?.replace(/\.\.\.$/, "");
}

export function valueSource(place: Option | Argument): ValueSource | undefined {
  return VALUE_SOURCES[valueNameOf(place) ?? ""];
}
