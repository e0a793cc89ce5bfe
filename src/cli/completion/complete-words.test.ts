// Completion of one command line: what is offered, and what the shell is asked to add.
import { describe, expect, test } from "bun:test";
import { Argument, Command, Option } from "commander";
import { type Candidate, completeWords, type Names, type TypedLine } from "./complete-words.ts";
import type { ValueSource } from "./value-sources.ts";

function program(): Command {
  const root = new Command("sampan").helpCommand(false).option("--no-color");
  root
    .command("status")
    .alias("st")
    .summary("how it is")
    .argument("<proxy>")
    .addArgument(new Argument("[levels...]").choices(["debug", "info"]))
    .option("--pilot <host:port>", "whom to ask")
    .option("-f, --file <file>", "a dump")
    .option("--state-dir <dir>", "where")
    .option("-H, --header <text>", "a header", (text, all: string[]) => [...all, text], [])
    .option("--skip <phases>", "what to leave out")
    .addOption(
      new Option("-o, --output <format>", "format\nof the result").choices(["table", "json"]),
    )
    .addOption(new Option("--secret").hideHelp());
  const pages = root.command("pages").helpCommand(false).description("admin pages.\nMore words.");
  pages.command("cluster").argument("<proxy>");
  pages.command("listener").argument("<proxy>");
  root.addCommand(new Command("__hidden"), { hidden: true });
  return root;
}

const names = (asked: TypedLine[] = []): Names => ({
  of: async (source: ValueSource, typed): Promise<readonly Candidate[]> => {
    asked.push(typed);
    const values =
      source === "phases" ? ["wait", "workloads", "config"] : [`${source}-1`, `${source}-2`];
    return values.map((value) => ({ value, description: "" }));
  },
});

async function offered(line: string): Promise<string> {
  const { candidates, shellAdds } = await completeWords(line.split(" "), program(), names());
  const values = candidates.map(({ value }) => value).join(" ");
  return shellAdds === "nothing" ? values : `${values}(${shellAdds})`;
}

test.each([
  // line | offered
  ["", "status pages"],
  ["p", "pages"],
  ["st", "status"],
  ["__", ""],
  ["help ", "status pages"],
  ["help pa", "pages"],
  ["help pages ", "cluster listener"],
  ["pages ", "cluster listener"],
  ["pages cl", "cluster"],
  ["pages cluster ", "proxies-1 proxies-2"],
  ["st proxies-2", "proxies-2"],
  ["status other", ""],
  ["status proxies-1 ", "debug info"],
  ["status proxies-1 debug i", "info"],
  ["pages cluster proxies-1 ", ""],
  ["nonsense ", ""],
  ["--no", "--no-color"],
  ["status --", "--pilot --file --state-dir --header --skip --output --help --no-color"],
  ["status --s", "--state-dir --skip"],
  ["status -o json --o", ""],
  ["status -H a:b --h", "--header --help"],
  ["status --output ", "table json"],
  ["status -o j", "json"],
  ["status --output=", "--output=table --output=json"],
  ["status --output=j", "--output=json"],
  ["status --nothing=", ""],
  ["status --file ", "(files)"],
  ["status --file=x", "(files)"],
  ["status --state-dir ", "(folders)"],
  ["status --skip wo", "workloads"],
  ["status --skip config,wo", "config,workloads"],
  ["status --skip config,", "config,wait config,workloads"],
  ["status --skip=config,wo", "--skip=config,workloads"],
  ["status -o json prox", "proxies-1 proxies-2"],
  ["status -- --", ""],
  ["status -- prox", "proxies-1 proxies-2"],
  ["status --pilot 127.0.0.1:1 prox", "proxies-1 proxies-2"],
])("%j offers %j", async (line, wanted) => {
  expect(await offered(line)).toBe(wanted);
});

test("another spelling of a command is offered when no name begins so", async () => {
  const root = new Command("sampan");
  root.command("proxy-status").alias("ps");
  root.command("proxy-config").alias("pc");
  const of = async (word: string): Promise<readonly Candidate[]> =>
    (await completeWords([word], root, names())).candidates;
  expect(await of("p")).toHaveLength(2);
  expect(await of("pc")).toEqual([{ value: "pc", description: "is proxy-config" }]);
});

test("descriptions are one line", async () => {
  const { candidates } = await completeWords(["status", "--out"], program(), names());
  expect(candidates).toEqual([{ value: "--output", description: "format" }]);
  const commands = await completeWords([""], program(), names());
  expect(commands.candidates.map(({ description }) => description)).toEqual([
    "how it is",
    "admin pages.",
  ]);
});

describe("who names are asked from", () => {
  test.each([
    ["status --pilot 127.0.0.1:1 ", "127.0.0.1:1"],
    ["status --pilot=127.0.0.1:2 ", "127.0.0.1:2"],
    ["status ", undefined],
  ])("%j", async (line, pilot) => {
    const asked: TypedLine[] = [];
    await completeWords(line.split(" "), program(), names(asked));
    expect(asked.map(({ flagValues }) => flagValues.get("pilot"))).toEqual([pilot]);
  });
});
