// `sampan get`: configuration objects, and what the pilot knows of services, endpoints, proxies and problems.
import { Command, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import { PilotClient } from "./client/pilot-client.ts";
import { namespaceOption } from "./config/flags.ts";
import { findKind, unknownKind } from "./config/kind-argument.ts";
import type { ListedItem, Listing, LoadedListing } from "./get/listing.ts";
import { MESH_LISTINGS, MESH_NAMES } from "./get/mesh.ts";
import { listObjects } from "./get/objects.ts";
import { EXIT } from "./shell/exit-status.ts";
import { pauses } from "./shell/live-view.ts";
import { pilotOption } from "./shell/options.ts";
import { formatResult } from "./shell/output.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatTable } from "./shell/table.ts";

type GetFormat = "table" | "wide" | "json" | "yaml" | "name";

interface GetFlags {
  readonly namespace?: string;
  readonly allNamespaces: boolean;
  readonly selector: string;
  readonly output: GetFormat;
  readonly watch: boolean;
  readonly pilot: SocketAddress;
}

/** `-w` asks this often: changes of configuration are made by people. */
const WATCH_MS = 1_000;

type Load = () => Promise<LoadedListing>;

type Asked =
  | { readonly kind: "asked"; readonly load: Load; readonly isSingle: boolean }
  | { readonly kind: "failed"; readonly message: string };

function asked(shell: Shell, words: readonly string[], flags: GetFlags): Asked {
  const [first = "", ...rest] = words;
  const [kindText = "", slashName] = first.split("/");
  const names = slashName === undefined || slashName === "" ? rest : [slashName, ...rest];
  const pilot = new PilotClient(shell.httpClient, flags.pilot);
  const nowMs = (): number => shell.clock.wallMs();
  const isSingle = names.length === 1;
  const mesh = Object.hasOwn(MESH_LISTINGS, kindText.toLowerCase())
    ? MESH_LISTINGS[kindText.toLowerCase()]
    : undefined;
  if (mesh !== undefined) {
    // These are of the mesh: all of it unless a namespace is named.
    const query = { names, namespace: flags.allNamespaces ? undefined : flags.namespace };
    return { kind: "asked", isSingle, load: () => mesh(pilot, query, nowMs()) };
  }
  const kind = findKind(kindText);
  if (kind === undefined) return { kind: "failed", message: unknownKind(kindText, MESH_NAMES) };
  const namespace = flags.allNamespaces ? undefined : (flags.namespace ?? "default");
  const query = { names: kind, objectNames: names, namespace, selector: flags.selector };
  return { kind: "asked", isSingle, load: () => listObjects(pilot, query, nowMs()) };
}

async function get(shell: Shell, words: readonly string[], flags: GetFlags): Promise<number> {
  const question = asked(shell, words, flags);
  if (question.kind === "failed") {
    shell.terminal.writeError(`sampan get: ${question.message}\n`);
    return EXIT.usage;
  }
  const listing = await question.load();
  if (listing.kind === "failed") {
    shell.terminal.writeError(`sampan get: ${listing.message}\n`);
    return EXIT.failed;
  }
  shell.terminal.write(formatListing(listing, flags.output, question.isSingle));
  if (listing.items.length === 0 && (flags.output === "table" || flags.output === "wide")) {
    const where = flags.allNamespaces ? "" : ` in ${flags.namespace ?? "default"} namespace`;
    shell.terminal.writeError(`No ${words[0] ?? ""} found${where}.\n`);
  }
  return flags.watch ? follow(shell, question.load, listing, flags.output) : EXIT.ok;
}

function formatListing(listing: Listing, output: GetFormat, isSingle: boolean): string {
  const { items } = listing;
  const values = items.map(({ value }) => value);
  switch (output) {
    case "name":
      return items.map(({ name }) => `${name}\n`).join("");
    case "json":
    case "yaml": {
      const list = { apiVersion: "v1", kind: "List", items: values };
      return formatResult(output, { table: () => [], value: isSingle ? values[0] : list });
    }
    default:
      return items.length === 0 ? "" : formatTable(rowsOf(listing, items, output === "wide", true));
  }
}

function rowsOf(
  { columns, wideColumns }: Listing,
  items: readonly ListedItem[],
  isWide: boolean,
  hasHeader: boolean,
): readonly (readonly string[])[] {
  const header = isWide ? [...columns, ...wideColumns] : columns;
  const rows = items.map(({ cells, wideCells }) => (isWide ? [...cells, ...wideCells] : cells));
  return hasHeader ? [header, ...rows] : rows;
}

/** As kubectl: after the first listing a row for whatever is new or changed. */
async function follow(
  shell: Shell,
  load: Load,
  first: Listing,
  output: GetFormat,
): Promise<number> {
  const stop = shell.catchStop();
  const pause = pauses(shell, stop.stopped);
  let known = contentsOf(first);
  while (!stop.isStopped) {
    await pause(WATCH_MS);
    if (stop.isStopped) break;
    const listing = await load();
    if (listing.kind === "failed") {
      shell.terminal.writeError(`sampan get: ${listing.message}\n`);
      return EXIT.failed;
    }
    const contents = contentsOf(listing);
    const changed = listing.items.filter(({ key }) => contents.get(key) !== known.get(key));
    known = contents;
    for (const item of changed) {
      const isTable = output === "table" || output === "wide";
      const text = isTable
        ? formatTable(rowsOf(listing, [item], output === "wide", false))
        : formatListing({ ...listing, items: [item] }, output, true);
      shell.terminal.write(text);
    }
  }
  return EXIT.ok;
}

const contentsOf = ({ items }: Listing): ReadonlyMap<string, string> =>
  new Map(items.map(({ key, value }) => [key, JSON.stringify(value)]));

export function getCommand(shell: Shell): Command {
  return new Command("get")
    .description(
      "Shows configuration objects (virtualservices, destinationrules, gateways, serviceentries, sidecars, workloadentries,\nworkloadgroups, or vs, dr, gw, se, we, wg) and what the pilot knows: services, endpoints, proxies, problems.",
    )
    .argument("<kind>", "KIND, or KIND/NAME")
    .argument("[name...]", "only these")
    .addOption(namespaceOption())
    .option("-A, --all-namespaces", "of all namespaces", false)
    .option("-l, --selector <selector>", "by labels: app=reviews,version!=v1", "")
    .addOption(
      new Option("-o, --output <format>", "format of the result")
        .choices(["table", "wide", "json", "yaml", "name"])
        .default("table"),
    )
    .option("-w, --watch", "go on with what changes", false)
    .addOption(pilotOption())
    .addHelpText(
      "after",
      "\nExamples:\n  sampan get vs -A -o wide\n  sampan get dr reviews -o yaml\n  sampan get endpoints reviews -w\n  sampan get problems\n",
    )
    .action(
      runs(shell, (kind: string, names: readonly string[], flags: GetFlags) =>
        get(shell, [kind, ...names], flags),
      ),
    );
}
