// CPU a request, requests a second and latency of each proxy: in turn, several rounds, medians; figures to compare within a run.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatTable } from "../src/cli/shell/table.ts";
import { BACKEND_PORT, backendCommand, CONTESTANTS, type Contestant } from "./contestants.ts";

export interface BenchOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly output: "table" | "json";
}

interface Round {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Responses that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
}

interface Running {
  readonly contestant: Contestant;
  readonly process: Bun.Subprocess;
  readonly rounds: Round[];
}

/** Linux counts CPU in hundredths of a second here (sysconf _SC_CLK_TCK). */
const TICK_US = 10_000;
const WARM_UP_SECONDS = 2;

/** CPU of a process and its children, which nginx does its work in, in microseconds. */
function cpuUs(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, "utf8");
    } catch {
      continue;
    }
    // Fields after the name in parentheses: state ppid … utime(14) stime(15), proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(entry) !== pid && Number(fields[1]) !== pid) continue;
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_US;
}

async function listens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      await response.arrayBuffer();
      if (response.status === 200) return;
    } catch {
      // Not yet.
    }
    await Bun.sleep(50);
  }
  throw new Error(`nothing answers on port ${port}`);
}

const toMs = (text: string): number => {
  const match = /^([\d.]+)(us|ms|s)$/.exec(text);
  const factor = { us: 0.001, ms: 1, s: 1000 }[match?.[2] as "us" | "ms" | "s"] ?? Number.NaN;
  return Number(match?.[1]) * factor;
};

const capture = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";

async function wrk(
  port: number,
  connections: number,
  seconds: number,
): Promise<Omit<Round, "cpuUs">> {
  const child = Bun.spawn(
    ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", `http://127.0.0.1:${port}/`],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`wrk failed:\n${text}`);
  const socketErrors = [...(/Socket errors: (.*)/.exec(text)?.[1] ?? "").matchAll(/\d+/g)];
  return {
    requests: Number(capture(text, /(\d+) requests in/)),
    requestsPerSecond: Number(capture(text, /Requests\/sec:\s+([\d.]+)/)),
    p50Ms: toMs(capture(text, /^\s+50%\s+(\S+)/m)),
    p99Ms: toMs(capture(text, /^\s+99%\s+(\S+)/m)),
    errors:
      Number(capture(text, /Non-2xx or 3xx responses: (\d+)/) || 0) +
      socketErrors.reduce((sum, [count]) => sum + Number(count), 0),
  };
}

async function measure(running: Running, options: BenchOptions): Promise<void> {
  const before = cpuUs(running.process.pid);
  const result = await wrk(running.contestant.port, options.connections, options.seconds);
  const spent = cpuUs(running.process.pid) - before;
  running.rounds.push({ ...result, cpuUs: spent / result.requests });
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

interface Row {
  readonly name: string;
  readonly cpuUs: number;
  readonly ofEnvoy: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

function summarize(all: readonly Running[]): readonly Row[] {
  const rows = all.map(({ contestant, rounds }) => ({
    name: contestant.name,
    cpuUs: median(rounds.map((round) => round.cpuUs)),
    requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
    p50Ms: median(rounds.map((round) => round.p50Ms)),
    p99Ms: median(rounds.map((round) => round.p99Ms)),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
  }));
  const envoy = rows.find((row) => row.name === "envoy")?.cpuUs ?? Number.NaN;
  return rows.map((row) => ({ ...row, ofEnvoy: row.cpuUs / envoy }));
}

function print(rows: readonly Row[], options: BenchOptions): void {
  if (options.output === "json") {
    console.log(JSON.stringify({ options, rows }, undefined, 2));
    return;
  }
  const cells = rows.map((row) => [
    row.name,
    row.cpuUs.toFixed(1),
    Number.isNaN(row.ofEnvoy) ? "-" : row.ofEnvoy.toFixed(2),
    row.requestsPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    String(row.errors),
  ]);
  process.stdout.write(
    formatTable([
      ["PROXY", "CPU US/REQUEST", "OF ENVOY", "REQUESTS/S", "P50 MS", "P99 MS", "ERRORS"],
      ...cells,
    ]),
  );
}

export async function benchProxy(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-bench-"));
  const started: Bun.Subprocess[] = [];
  const start = (command: readonly string[]): Bun.Subprocess => {
    const child = Bun.spawn([...command], { stdout: "inherit", stderr: "inherit" });
    started.push(child);
    return child;
  };
  try {
    start(await backendCommand(folder));
    await listens(BACKEND_PORT);
    const running: Running[] = [];
    for (const contestant of CONTESTANTS) {
      if (options.only.length > 0 && !options.only.includes(contestant.name)) continue;
      const command = await contestant.command(folder);
      if (command === undefined) {
        console.error(`${contestant.name}: not installed, left out`);
        continue;
      }
      running.push({ contestant, process: start(command), rounds: [] });
      await listens(contestant.port);
      await wrk(contestant.port, options.connections, WARM_UP_SECONDS);
    }
    for (let round = 0; round < options.rounds; round += 1) {
      for (const each of running) await measure(each, options);
    }
    print(summarize(running), options);
  } finally {
    for (const child of started.reverse()) child.kill();
    await Promise.all(started.map((child) => child.exited));
    rmSync(folder, { recursive: true, force: true });
  }
}
