// Runs the console sessions of README.md and docs/guide, and fails where a page shows something else than what is printed.
// Run: bun tools/transcripts.ts [--print] [page.md ...]; --print shows what the commands really print.
// In a network namespace of its own where the system allows one, so that a mesh of the person is not in the way.
import { join, relative } from "node:path";
import { Glob } from "bun";
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

const isSkipped = ({ needs }: Step): boolean => {
  if (needs === undefined || Bun.which(needs) !== null) return false;
  if (process.env["CI"] === "true") throw new Error(`${needs} is not on the PATH`);
  return true;
};

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

const ISOLATED = "SAMPAN_TRANSCRIPTS_ISOLATED";

/** The same command line in a network namespace; undefined where there is none to be had. */
function isolated(): readonly string[] | undefined {
  if (process.env[ISOLATED] !== undefined) return undefined;
  const inside = 'ip link set lo up && exec "$@"';
  for (const flags of ["-n", "-rn"]) {
    const words = ["unshare", flags, "sh", "-c", inside, "sh"];
    if (Bun.which("unshare") === null || Bun.which("ip") === null) return undefined;
    if (Bun.spawnSync([...words, "true"], { stdout: "ignore", stderr: "ignore" }).success) {
      return [...words, process.execPath, ...process.argv.slice(1)];
    }
  }
  return undefined;
}

async function pagesOf(args: readonly string[]): Promise<readonly string[]> {
  const named = args.filter((arg) => !arg.startsWith("-"));
  if (named.length > 0) return named;
  const guides = [...new Glob("docs/guide/*.md").scanSync({ cwd: ROOT })].toSorted();
  return ["README.md", ...guides].map((page) => join(ROOT, page));
}

async function main(args: readonly string[]): Promise<number> {
  const command = isolated();
  if (command !== undefined) {
    const child = Bun.spawn([...command], {
      env: { ...process.env, [ISOLATED]: "1" },
      stdout: "inherit",
      stderr: "inherit",
    });
    return await child.exited;
  }
  const print = args.includes("--print") ? (text: string) => console.log(text) : undefined;
  let stepCount = 0;
  let failureCount = 0;
  for (const page of await pagesOf(args)) {
    const startedMs = performance.now();
    const file = relative(ROOT, page);
    const report = await runPage(file, await Bun.file(page).text(), print);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    for (const failure of report.failures) console.error(failure);
    if (report.stepCount === 0) continue;
    console.log(
      `${report.failures.length === 0 ? "ok  " : "FAIL"} ${file} (${report.stepCount} commands, ${seconds} s)`,
    );
    stepCount += report.stepCount;
    failureCount += report.failures.length;
  }
  if (stepCount === 0) console.error("no console session found");
  return failureCount === 0 && stepCount > 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
