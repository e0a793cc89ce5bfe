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

interface Question {
  /** As it was typed: "vs". */
  readonly word: string;
  readonly load: Load;
}

type Asked =
  | { readonly kind: "asked"; readonly questions: readonly Question[]; readonly isSingle: boolean }
  | { readonly kind: "failed"; readonly message: string };

/** `vs,dr` asks for both; a name is one of each. */
function asked(shell: Shell, words: readonly string[], flags: GetFlags): Asked {
  const [first = "", ...rest] = words;
  const [kinds = "", slashName] = first.split("/");
  const names = slashName === undefined || slashName === "" ? rest : [slashName, ...rest];
  const questions: Question[] = [];
  for (const word of kinds.split(",")) {
    const load = loaderOf(shell, word.toLowerCase(), names, flags);
    if (load === undefined) return { kind: "failed", message: unknownKind(word, MESH_NAMES) };
    questions.push({ word, load });
  }
  return { kind: "asked", questions, isSingle: names.length === 1 && questions.length === 1 };
}

function loaderOf(
  shell: Shell,
  word: string,
  names: readonly string[],
  flags: GetFlags,
): Load | undefined {
  const pilot = new PilotClient(shell.httpClient, flags.pilot);
  const mesh = Object.hasOwn(MESH_LISTINGS, word) ? MESH_LISTINGS[word] : undefined;
  if (mesh !== undefined) {
    // These are of the mesh: all of it unless a namespace is named.
    const query = { names, namespace: flags.allNamespaces ? undefined : flags.namespace };
    return () => mesh(pilot, query, shell.clock.wallMs());
  }
  const kind = findKind(word);
  if (kind === undefined) return undefined;
  const namespace = flags.allNamespaces ? undefined : (flags.namespace ?? "default");
  const query = { names: kind, objectNames: names, namespace, selector: flags.selector };
  return () => listObjects(pilot, query, shell.clock.wallMs());
}

async function get(shell: Shell, words: readonly string[], flags: GetFlags): Promise<number> {
  const { terminal } = shell;
  const question = asked(shell, words, flags);
  if (question.kind === "failed") {
    terminal.writeError(`sampan get: ${question.message}\n`);
    return EXIT.usage;
  }
  const { questions, isSingle } = question;
  const listings: Listing[] = [];
  for (const { load } of questions) {
    const listing = await load();
    if (listing.kind === "failed") {
      terminal.writeError(`sampan get: ${listing.message}\n`);
      return EXIT.failed;
    }
    listings.push(listing);
  }
  terminal.write(formatListings(listings, flags.output, isSingle));
  if (listings.every(({ items }) => items.length === 0) && isTable(flags.output)) {
    const where = flags.namespace === undefined ? "" : ` in namespace ${flags.namespace}`;
    const what = questions.map(({ word }) => word).join(", ");
    terminal.writeError(`No ${what} found${where}.\n`);
  }
  return flags.watch ? follow(shell, questions, listings, flags.output) : EXIT.ok;
}

const isTable = (output: GetFormat): boolean => output === "table" || output === "wide";

function formatListings(
  listings: readonly Listing[],
  output: GetFormat,
  isSingle: boolean,
): string {
  if (isTable(output)) {
    const tables = listings.filter(({ items }) => items.length > 0);
    return tables
      .map((listing) => formatTable(rowsOf(listing, listing.items, output === "wide", true)))
      .join("\n");
  }
  const items = listings.flatMap((listing) => listing.items);
  if (output === "name") return items.map(({ name }) => `${name}\n`).join("");
  const values = items.map(({ value }) => value);
  const list = { apiVersion: "v1", kind: "List", items: values };
  const format = output === "yaml" ? "yaml" : "json";
  return formatResult(format, { table: () => [], value: isSingle ? values[0] : list });
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
  questions: readonly Question[],
  first: readonly Listing[],
  output: GetFormat,
): Promise<number> {
  const stop = shell.catchStop();
  const pause = pauses(shell, stop.stopped);
  const known = first.map(contentsOf);
  while (!stop.isStopped) {
    await pause(WATCH_MS);
    for (const [i, { load }] of questions.entries()) {
      if (stop.isStopped) break;
      const listing = await load();
      if (listing.kind === "failed") {
        shell.terminal.writeError(`sampan get: ${listing.message}\n`);
        return EXIT.failed;
      }
      shell.terminal.write(changesText(listing, known[i], output));
      known[i] = contentsOf(listing);
    }
  }
  return EXIT.ok;
}

function changesText(
  listing: Listing,
  known: ReadonlyMap<string, string> | undefined,
  output: GetFormat,
): string {
  const contents = contentsOf(listing);
  const changed = listing.items.filter(({ key }) => contents.get(key) !== known?.get(key));
  return changed
    .map((item) =>
      isTable(output)
        ? formatTable(rowsOf(listing, [item], output === "wide", false))
        : formatListings([{ ...listing, items: [item] }], output, true),
    )
    .join("");
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
