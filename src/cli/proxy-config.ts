// `sampan proxy-config PAGE PROXY`: a proxy's configuration as it has it, ours or Envoy's, in istioctl's columns.
import { Command, Option } from "commander";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { findAdmin, findProxyConfiguration } from "./proxy-config/find.ts";
import { PAGES, type PageEntry } from "./proxy-config/pages.ts";
import {
  type AllPages,
  type ConfigRow,
  choose,
  type EnvoyJson,
  jsonOf,
} from "./proxy-config/rows.ts";
import { EXIT } from "./shell/exit-status.ts";
import { addressOption, pilotOption } from "./shell/options.ts";
import { type OutputFormat, outputOption, printResult } from "./shell/output.ts";
import { plain } from "./shell/plain.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { formatTable } from "./shell/table.ts";

interface PageFlags {
  readonly output: Exclude<OutputFormat, "wide">;
  readonly pilot: SocketAddress;
  readonly admin?: SocketAddress;
  readonly file?: string;
  readonly clustersFile?: string;
  readonly [filter: string]: unknown;
}

function report(shell: Shell, message: string, status: number): number {
  shell.terminal.writeError(`sampan proxy-config: ${message}\n`);
  return status;
}

async function showPage(
  shell: Shell,
  entry: PageEntry,
  proxy: string | undefined,
  flags: PageFlags,
): Promise<number> {
  const { admin, file, clustersFile, pilot, output, ...filters } = flags;
  const found = await findProxyConfiguration(shell, { proxy, pilot, admin, file, clustersFile });
  if (found.kind === "failed") return report(shell, found.message, found.status);
  const page = entry.page(shell);
  const rows = choose(page.rows(found.configuration), filters as Record<string, string>);
  printResult(shell.terminal, output, {
    table: () => [page.columns, ...rows.map(({ cells }) => cells.map((cell) => plain(cell)))],
    value: messagesOf(rows),
  });
  if (rows.length === 0) shell.terminal.writeError(`${nothing(entry, filters)}\n`);
  reportUnreadable(shell, found.configuration);
  return EXIT.ok;
}

/** An empty table leaves a person wondering. */
function nothing({ name }: PageEntry, filters: object): string {
  const isFiltered = Object.keys(filters).length > 0;
  if (isFiltered) return `No ${name} is such: leave a flag out to see more.`;
  return name === "secret" ? "No active or warming secrets found." : `It has no ${name}.`;
}

/** A message that makes several rows is there once. */
function messagesOf(rows: readonly ConfigRow[]): readonly EnvoyJson[] {
  const messages = rows.map(({ json }) => json());
  return [...new Map(messages.map((message) => [JSON.stringify(message), message])).values()];
}

function reportUnreadable(shell: Shell, { unreadable }: ProxyConfiguration): void {
  for (const { kind, name, reason } of unreadable) {
    shell.terminal.writeError(`left out: ${kind} ${plain(name)}: ${plain(reason)}\n`);
  }
}

async function showBootstrap(
  shell: Shell,
  proxy: string | undefined,
  flags: PageFlags,
): Promise<number> {
  const { admin, file, clustersFile, pilot, output } = flags;
  const found = await findProxyConfiguration(shell, { proxy, pilot, admin, file, clustersFile });
  if (found.kind === "failed") return report(shell, found.message, found.status);
  const { bootstrap } = found.configuration;
  if (bootstrap === undefined) return report(shell, "The dump holds no bootstrap.", EXIT.failed);
  const value = jsonOf(BootstrapSchema, bootstrap)();
  printResult(shell.terminal, output, { table: () => [], value });
  return EXIT.ok;
}

/** Every page below its title; as JSON one object with a list for each page. */
async function showAll(shell: Shell, proxy: string | undefined, flags: PageFlags): Promise<number> {
  const { admin, file, clustersFile, pilot, output } = flags;
  const found = await findProxyConfiguration(shell, { proxy, pilot, admin, file, clustersFile });
  if (found.kind === "failed") return report(shell, found.message, found.status);
  const { configuration } = found;
  const pages = PAGES.map((entry) => {
    const page = entry.page(shell);
    return { name: entry.name, columns: page.columns, rows: page.rows(configuration) };
  });
  if (output === "table") {
    const sections = pages.map(({ name, columns, rows }) => {
      const cells = rows.map((row) => row.cells.map((cell) => plain(cell)));
      return `${name.toUpperCase()}\n${formatTable([columns, ...cells])}`;
    });
    shell.terminal.write(sections.join("\n"));
  } else {
    const { bootstrap } = configuration;
    const listOf = (name: string): readonly EnvoyJson[] =>
      messagesOf(pages.find((page) => page.name === name)?.rows ?? []);
    const value: AllPages = {
      ...(bootstrap === undefined ? {} : { bootstrap: jsonOf(BootstrapSchema, bootstrap)() }),
      clusters: listOf("cluster"),
      listeners: listOf("listener"),
      routes: listOf("route"),
      endpoints: listOf("endpoint"),
      secrets: listOf("secret"),
    };
    printResult(shell.terminal, output, { table: () => [], value });
  }
  reportUnreadable(shell, configuration);
  return EXIT.ok;
}

/** Log levels of a running proxy: shows them, or changes all or some. */
async function showLog(
  shell: Shell,
  proxy: string | undefined,
  { pilot, admin, level }: PageFlags & { readonly level?: string },
): Promise<number> {
  const found = await findAdmin(shell, { proxy, pilot, admin });
  if (found.kind === "failed") return report(shell, found.message, found.status);
  const query =
    level === undefined
      ? ""
      : level.includes(":")
        ? `?paths=${encodeURIComponent(level)}`
        : `?level=${encodeURIComponent(level)}`;
  const answer = await found.admin.post(`/logging${query}`);
  if (answer.kind === "failed") return report(shell, answer.message, EXIT.failed);
  for (const line of answer.body.trimEnd().split("\n")) shell.terminal.write(`${plain(line)}\n`);
  return EXIT.ok;
}

function addSource(command: Command): Command {
  return command
    .argument("[proxy]", "the proxy: reviews-v1-1, or reviews-v1-1.default")
    .addOption(addressOption("--admin <host:port>", "its admin pages, without a pilot"))
    .addOption(pilotOption());
}

function addFiles(command: Command): Command {
  return command
    .option(
      "-f, --file <dump>",
      "a configuration dump instead of a running proxy, of ours or any Envoy; - for stdin",
    )
    .option("--clusters-file <json>", "its page /clusters?format=json, for hosts, with --file");
}

function pageCommand(shell: Shell, entry: PageEntry): Command {
  const command = addFiles(addSource(new Command(entry.name)))
    .summary(entry.summary)
    .description(`Shows of a proxy's configuration: ${entry.summary}.`)
    .aliases(entry.aliases)
    .addOption(outputOption(["table", "json", "yaml"]));
  for (const [flags, description, parse] of entry.filters) {
    const option = new Option(flags, description);
    command.addOption(parse === undefined ? option : option.argParser(parse));
  }
  return command
    .addHelpText("after", `\nExample:\n  sampan proxy-config ${entry.name} ${entry.example}\n`)
    .action(
      runs(shell, (proxy: string | undefined, flags: PageFlags) =>
        showPage(shell, entry, proxy, flags),
      ),
    );
}

export function proxyConfigCommand(shell: Shell): Command {
  const group = new Command("proxy-config").description(
    "Shows a proxy's configuration as it has it, ours or Envoy's, in istioctl's columns; -o json prints Envoy's messages.",
  );
  group.addHelpText(
    "after",
    "\nExamples:\n  sampan proxy-config cluster productpage-v1-1\n  sampan proxy-config endpoint productpage-v1-1 --fqdn details\n  sampan proxy-config route --file dump.json\n",
  );
  for (const entry of PAGES) group.addCommand(pageCommand(shell, entry));
  group.addCommand(
    addFiles(addSource(new Command("all")))
      .summary("all of these, one below the other")
      .description("Shows all of a proxy's configuration, one page below the other.")
      .addOption(outputOption(["table", "json", "yaml"]))
      .addHelpText("after", "\nExample:\n  sampan proxy-config all reviews-v1-1\n")
      .action(
        runs(shell, (proxy: string | undefined, flags: PageFlags) => showAll(shell, proxy, flags)),
      ),
  );
  group.addCommand(
    addFiles(addSource(new Command("bootstrap")))
      .summary("what it was started with")
      .description("Shows the bootstrap that a proxy was started with.")
      .addOption(
        new Option("-o, --output <format>", "format of the result")
          .choices(["json", "yaml"])
          .default("json"),
      )
      .addHelpText("after", "\nExample:\n  sampan proxy-config bootstrap reviews-v1-1 -o yaml\n")
      .action(
        runs(shell, (proxy: string | undefined, flags: PageFlags) =>
          showBootstrap(shell, proxy, flags),
        ),
      ),
  );
  group.addCommand(
    addSource(new Command("log"))
      .summary("its log levels, to see and to change")
      .description("Shows the log levels of a running proxy, or changes them.")
      .option("--level <levels>", "of everything (debug), or of some (xds:debug,main:info)")
      .addHelpText(
        "after",
        "\nExamples:\n  sampan proxy-config log reviews-v1-1\n  sampan proxy-config log reviews-v1-1 --level debug\n",
      )
      .action(
        runs(shell, (proxy: string | undefined, flags: PageFlags) => showLog(shell, proxy, flags)),
      ),
  );
  return group;
}
