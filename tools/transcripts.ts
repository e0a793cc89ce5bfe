// Runs the console sessions of README.md and docs/guide, and fails where a page shows something else than what is printed.
// Run: bun tools/transcripts.ts [--print] [page.md ...]; --print shows what the commands really print.
// In a network namespace of its own where the system allows one, so that a mesh of the person is not in the way.
import { join, relative } from "node:path";
import { Glob } from "bun";
import { findPeer, mustSkip } from "../test/support/peers.ts";
import { describeMismatch, findMismatch } from "./transcripts/match.ts";
import { parseSteps, type Step } from "./transcripts/parse.ts";
import { ShellSession } from "./transcripts/shell-session.ts";

const ROOT: string = join(import.meta.dir, "..");

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface PageReport {
  readonly stepCount: number;
  /** `file:line: what is wrong`, with a diff below. */
  readonly failures: readonly string[];
}

const isSkipped = ({ needs }: Step): boolean => needs !== undefined && mustSkip(findPeer(needs));

/** Runs one page in a session of its own. It stops at the first step that fails: what follows would only repeat it. */
export async function runPage(
  file: string,
  markdown: string,
  print: (text: string) => void = () => {},
): Promise<PageReport> {
  const steps = parseSteps(markdown);
  if (steps.length === 0) return { stepCount: 0, failures: [] };
  const failures: string[] = [];
  const session = new ShellSession(ROOT);
  // Whoever stops us wants the meshes stopped, too.
  const stop = (): void => void session.close().then(() => process.exit(1));
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    for (const step of steps) {
      if (isSkipped(step)) continue;
      const failure = await runStep(session, step, print);
      if (failure === undefined) continue;
      failures.push(`${file}:${failure}`);
      break;
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    const problems = await session.close();
    failures.push(...problems.map((problem) => `${file}:1: ${problem}`));
  }
  return { stepCount: steps.length, failures };
}

/** `line: …` when it fails. */
async function runStep(
  session: ShellSession,
  { command, output, outputLine, line, stays }: Step,
  print: (text: string) => void,
): Promise<string | undefined> {
  let lines: readonly string[];
  try {
    lines = stays
      ? await session.start(command, (printed) => findMismatch(output, printed, true) === undefined)
      : (await session.run(command)).lines;
  } catch (error) {
    return `${line}: $ ${command}: ${error instanceof Error ? error.message : error}`;
  }
  print(`$ ${command}\n${lines.join("\n")}`);
  const mismatch = findMismatch(output, lines, stays);
  if (mismatch === undefined) return undefined;
  const at = outputLine + mismatch.shownIndex;
  return `${at}: not what "${command}" prints (- shown, + printed)\n${describeMismatch(output, lines)}`;
}

/** Words before a command line that give it a network of its own; undefined where the system gives none. */
function isolation(): readonly string[] | undefined {
  if (Bun.which("unshare") === null || Bun.which("ip") === null) return undefined;
  for (const flags of ["-n", "-rn"]) {
    const words = ["unshare", flags, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
    const tried = Bun.spawnSync([...words, "true"], { stdout: "ignore", stderr: "ignore" });
    if (tried.success) return words;
  }
  return undefined;
}

/** Two meshes at once keep two processors busy; more would only wait for each other, and for the times that pages show. */
const PARALLEL_PAGES = 2;

/** Each page by a process of its own in a network of its own, and what it prints, in the order of the pages. */
async function runIsolated(
  words: readonly string[],
  pages: readonly string[],
  flags: readonly string[],
): Promise<number> {
  const waiting = [...pages.entries()];
  const running = new Set<Bun.Subprocess>();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      waiting.length = 0;
      for (const child of running) child.kill(signal);
    });
  }
  const printed: (string | undefined)[] = pages.map(() => undefined);
  let shown = 0;
  let failureCount = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, page] = next;
      const command = [...words, process.execPath, import.meta.path, ONE_PAGE, ...flags, page];
      const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
      running.add(child);
      printed[index] = await new Response(child.stdout).text();
      if ((await child.exited) !== 0) failureCount += 1;
      running.delete(child);
      for (; printed[shown] !== undefined; shown += 1) process.stdout.write(printed[shown] ?? "");
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_PAGES }, work));
  return failureCount === 0 ? 0 : 1;
}

const ONE_PAGE = "--one-page";

/** A page here and now. */
async function runHere(page: string, isPrinting: boolean): Promise<number> {
  const startedMs = performance.now();
  const file = relative(ROOT, page);
  const print = isPrinting ? (text: string) => console.log(text) : undefined;
  const { stepCount, failures } = await runPage(file, await Bun.file(page).text(), print);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  for (const failure of failures) console.log(failure);
  if (stepCount > 0) {
    const word = failures.length === 0 ? "ok  " : "FAIL";
    console.log(`${word} ${file} (${stepCount} commands, ${seconds} s)`);
  }
  return failures.length === 0 ? 0 : 1;
}

function pagesOf(args: readonly string[]): readonly string[] {
  const named = args.filter((arg) => !arg.startsWith("-"));
  if (named.length > 0) return named;
  const guides = [...new Glob("docs/guide/*.md").scanSync({ cwd: ROOT })].toSorted();
  return ["README.md", ...guides].map((page) => join(ROOT, page));
}

async function main(args: readonly string[]): Promise<number> {
  const pages = pagesOf(args);
  const isPrinting = args.includes("--print");
  const isOnePage = args.includes(ONE_PAGE);
  const texts = await Promise.all(pages.map((page) => Bun.file(page).text()));
  if (!isOnePage && !texts.some((text) => parseSteps(text).length > 0)) {
    console.error("no console session found");
    return 1;
  }
  const words = isOnePage ? undefined : isolation();
  if (words !== undefined) return await runIsolated(words, pages, isPrinting ? ["--print"] : []);
  let status = 0;
  for (const page of pages) if ((await runHere(page, isPrinting)) !== 0) status = 1;
  return status;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
