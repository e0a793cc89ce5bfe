// Flags that commands about configuration share, under kubectl's names.
import { Option } from "commander";

/** `-f`, as often as wanted. */
export function filesOption(): Option {
  return new Option("-f, --filename <path>", "file, folder, or - for stdin; may be repeated")
    .argParser((path: string, before: readonly string[]) => [...before, path])
    .default([], "none");
}

/** `-n`; undefined: "default", or what the file says. */
export function namespaceOption(): Option {
  return new Option("-n, --namespace <namespace>", "namespace of what is named");
}

export type DryRun = "none" | "client" | "server";

export function dryRunOption(): Option {
  return new Option(
    "--dry-run [mode]",
    "change nothing: client compares, server also lets the pilot check every write",
  )
    .choices(["none", "client", "server"])
    .preset("client")
    .default("none");
}

/** What it says behind each object. */
export const dryRunMark: Readonly<Record<DryRun, string>> = {
  none: "",
  client: " (dry run)",
  server: " (server dry run)",
};
