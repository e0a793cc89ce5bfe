// `sampan tap` and `sampan top` over our proxy and a real Envoy side by side: the same traffic, the same words; in a real terminal
// and by pipe; and after Ctrl-C nothing of them is left in the proxies.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type OpenTerminal, openTerminal } from "../support/pty.ts";
import { startWatchedMesh, type WatchedMesh } from "./harness/watched-mesh.ts";

const SAMPAN = join(import.meta.dir, "../../bin/sampan");
const CTRL_C = "\u0003";
const envoyPeer = findPeer("envoy");

let mesh: WatchedMesh;
const terminals: OpenTerminal[] = [];

type Side = "ours" | "envoy";
const SIDES = ["ours", "envoy"] as const;

interface Sent {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(side: Side, { path, method = "GET", headers = {} }: Sent): Promise<void> {
  const response = await fetch(mesh.listeners[side] + path, {
    method,
    headers: { host: "reviews:9080", connection: "close", ...headers },
    ...(method === "POST" ? { body: "a secret body" } : {}),
  });
  await response.arrayBuffer();
}

function open(command: string, ...flags: readonly string[]): OpenTerminal {
  const terminal = openTerminal([SAMPAN, command, "--pilot", mesh.pilot, ...flags], {
    columns: 110,
    rows: 12,
  });
  terminals.push(terminal);
  return terminal;
}

interface Piped {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  stdout(): string;
  stderr(): string;
  interrupt(): void;
}

/** Runs a command by pipe; `meanwhile` begins when it looks at the proxies. */
async function pipe(
  args: readonly string[],
  meanwhile: (running: Running) => Promise<void> = async () => {},
): Promise<Piped> {
  const child = Bun.spawn([SAMPAN, ...args, "--pilot", mesh.pilot], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
  });
  let stdout = "";
  let stderr = "";
  const reading = [
    (async () => {
      for await (const chunk of child.stdout) stdout += Buffer.from(chunk).toString("utf8");
    })(),
    (async () => {
      for await (const chunk of child.stderr) stderr += Buffer.from(chunk).toString("utf8");
    })(),
  ];
  if (args[0] === "tap") {
    await until(() => stderr.includes("Looking at") || child.exitCode !== null);
  }
  await meanwhile({
    stdout: () => stdout,
    stderr: () => stderr,
    interrupt: () => child.kill("SIGINT"),
  });
  const status = await child.exited;
  await Promise.all(reading);
  return { status, stdout, stderr };
}

/** Without what differs from request to request. */
const masked = (text: string): string =>
  text
    .replaceAll(/127\.0\.0\.1:\d+/g, "CLIENT")
    .replaceAll(/127\.77\.41\.1:\d+/g, "ORIGIN")
    .replaceAll(/latency=\d+us/g, "latency=T")
    .replaceAll(/ duration=\d+us/g, "") // Envoy's tap does not tell when a response ended
    .replaceAll(/ response-length=0B/g, "") // nor that there was no body, where no field says it
    .replaceAll(/src=\S+/g, "src=PROXY")
    .replaceAll(/proxy-name=\S+/g, "proxy-name=PROXY")
    .replaceAll("Probably: ", "");

describe.skipIf(mustSkip(envoyPeer))("live views", () => {
  beforeAll(async () => {
    if (envoyPeer.kind === "found") mesh = await startWatchedMesh(envoyPeer.path);
  }, 40_000);

  afterAll(async () => {
    for (const terminal of terminals) await terminal.close();
    await mesh.stop();
  });

  const TRAFFIC: readonly Sent[] = [
    { path: "/ok?a=b" },
    { path: "/ok", method: "POST" },
    { path: "/status/404" },
    { path: "/status/503" },
    { path: "/old/1" },
    { path: "/direct" },
    { path: "/f", headers: { "x-fault": "1" } },
    { path: "/nobody" },
    { path: "/empty" },
    { path: "/full" },
    { path: "/slow" },
    { path: "/no-route", headers: { host: "elsewhere" } },
  ];

  /** Long enough for a request that should not be shown to show. */
  const MORE_MS = 150;

  /** All of the traffic, of which `count` requests are to be shown. */
  async function tapped(side: Side, count: number, ...flags: readonly string[]): Promise<Piped> {
    return pipe(["tap", "--from", side, ...flags], async (running) => {
      for (const sent of TRAFFIC) await send(side, sent);
      const isOver = (): boolean =>
        (running.stdout().match(/^(?:end |\{).*\n/gm) ?? []).length >= count;
      await until(isOver, 10_000);
      await Bun.sleep(MORE_MS);
      running.interrupt();
    });
  }

  test("the same traffic through both: the same lines, each ending with why", async () => {
    const [ours, envoy] = await Promise.all(
      SIDES.map((side) => tapped(side, TRAFFIC.length, "-o", "wide")),
    );
    expect(ours?.stderr).toContain(`${TRAFFIC.length} requests shown.`);
    expect(masked(ours?.stdout ?? "").split("\n")).toEqual(masked(envoy?.stdout ?? "").split("\n"));
    const flags = (ours?.stdout ?? "")
      .split("\n")
      .filter((line) => line.startsWith("rsp"))
      .map((line) => `${/:status=(\S+)/.exec(line)?.[1]} ${/flags=(\S+)/.exec(line)?.[1] ?? "-"}`);
    expect(flags).toEqual([
      "200 -",
      "200 -",
      "404 -",
      "503 -",
      "200 -",
      "418 -",
      "555 FI",
      "503 UF",
      "503 UH",
      "503 UO",
      "504 UT",
      "404 NR",
    ]);
    expect(ours?.stdout).toContain(
      'why="No connection to the upstream could be made; sent with 503."',
    );
    expect(ours?.stdout).toContain(":path=/old/1");
  }, 20_000);

  test("neither shows a body or a cookie", async () => {
    for (const side of SIDES) {
      const { stdout } = await tapped(side, TRAFFIC.length, "-o", "json");
      const requests = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(requests).toHaveLength(TRAFFIC.length);
      expect(requests[0]).toMatchObject({ proxy: side, service: "reviews.default", status: 200 });
      expect(stdout).toContain('["set-cookie","[redacted]"]');
      for (const secret of ["secret", "hello from", "s=1"]) expect(stdout).not.toContain(secret);
    }
  }, 20_000);

  test.each([
    ["by status", ["--status", "5xx"], ["503", "555", "503", "503", "503", "504"]],
    ["by method", ["--method", "post"], ["200"]],
    ["by path", ["--path", "/status/"], ["404", "503"]],
    ["by header", ["--header", "x-fault=1"], ["555"]],
    ["by several", ["--path", "/status", "--status", "404"], ["404"]],
  ])(
    "%s, both choose the same",
    async (_name, flags, statuses) => {
      const sides = await Promise.all(SIDES.map((side) => tapped(side, statuses.length, ...flags)));
      for (const { stdout, status } of sides) {
        expect(status).toBe(0);
        expect([...stdout.matchAll(/:status=(\d+)/g)].map(([, code]) => code as string)).toEqual(
          statuses,
        );
      }
    },
    20_000,
  );

  test("after so many requests it ends by itself", async () => {
    const startMs = performance.now();
    const { status, stdout } = await pipe(["tap", "--count", "2", "--for", "10s"], async () => {
      for (let i = 0; i < 3; i += 1) await send("ours", { path: "/ok" });
    });
    expect(status).toBe(0);
    expect(stdout.match(/^req /gm)).toHaveLength(2);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  }, 20_000);

  test("Ctrl-C ends it, and the proxies are as before", async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const terminal = open("tap", "reviews");
      await terminal.waitFor("Looking at 2 proxies; Ctrl-C ends it.");
      await send("ours", { path: "/one" });
      await send("envoy", { path: "/two" });
      await terminal.waitFor(":path=/two");
      expect(terminal.history()).toContain(":path=/one");
      terminal.type(CTRL_C);
      expect(await terminal.status).toBe(0);
      expect(terminal.history()).toContain("2 requests shown.");
    }
    // A second one in a row would be refused by an Envoy that still had the first.
    const { status, stderr } = await pipe(["tap", "--from", "envoy", "--for", "200ms"]);
    expect(status).toBe(0);
    expect(stderr).toBe("Looking at 1 proxy; Ctrl-C ends it.\n0 requests shown.\n");
  }, 30_000);

  test("who comes second to an Envoy is told why, and our proxy serves both", async () => {
    const first = open("tap");
    await first.waitFor("Looking at 2 proxies");
    const { stderr } = await pipe(["tap", "--count", "1"], () => send("ours", { path: "/both" }));
    expect(stderr).toContain("envoy is being tapped by somebody else");
    expect(stderr).toContain("Looking at 1 proxy");
    await first.waitFor(":path=/both");
    first.type(CTRL_C);
    expect(await first.status).toBe(0);
  }, 20_000);

  async function load(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      await Promise.all(SIDES.map((side) => send(side, { path: "/status/200" })));
      await send("ours", { path: "/status/503" });
    }
  }

  test("top: a screen with both proxies' traffic, sorted and searched by keys, and given back", async () => {
    const terminal = open("top", "--interval", "500ms");
    const loading = load(4000);
    await terminal.waitFor(/reviews\.default +6\d\.\d\d% +\d+/);
    expect(terminal.screen()).toMatch(/^sampan top {3}by service {3}2 proxies {3}last \d+ s/);
    expect(terminal.screen()).toMatch(/ratings\.default +- +0\.0/);
    await terminal.waitFor(/reviews\.default .*\dms/);
    terminal.type("w");
    await terminal.waitFor("OVERFLOW");
    terminal.type("/rat");
    await terminal.waitFor("/rat█");
    expect(terminal.screen()).not.toContain("reviews.default");
    terminal.type("\r\u001b");
    await terminal.waitFor("reviews.default");
    terminal.resize(40, 8);
    await terminal.waitFor(/^last \d+ s/);
    await loading;
    terminal.type("q");
    expect(await terminal.status).toBe(0);
    const output = terminal.output();
    expect(output.lastIndexOf("\u001b[?1049l")).toBeGreaterThan(
      output.lastIndexOf("\u001b[?1049h"),
    );
    expect(output).toContain("\u001b[?25h");
  }, 30_000);

  test("top: Ctrl-C gives the terminal back, too", async () => {
    const terminal = open("top");
    await terminal.waitFor("Measuring");
    terminal.type(CTRL_C);
    expect(await terminal.status).toBe(0);
    expect(terminal.output()).toContain("\u001b[?1049l");
  }, 20_000);

  test("top by pipe: what each proxy has sent, in one table", async () => {
    const [{ stdout, status }] = await Promise.all([
      pipe(["top", "--by", "proxy", "--interval", "1500ms", "-o", "json"]),
      load(2500),
    ]);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ by: "proxy", proxyCount: 2, failedProxies: [] });
    const rates = Object.fromEntries(
      report.rows.map((row: { name: string; successRate: number }) => [row.name, row.successRate]),
    );
    expect(rates["envoy"]).toBe(1);
    expect(Math.abs(rates["ours"] - 0.5)).toBeLessThan(0.1);
    for (const { p50Ms } of report.rows) expect(p50Ms).toBeGreaterThanOrEqual(0);
  }, 20_000);
});
