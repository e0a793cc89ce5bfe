// Every command at a real terminal and by pipe, over a real pilot and one proxy: colours where somebody looks and wants them, live
// views that follow the size of the window, and a terminal that is as it was before.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "#cli/commands.ts";
import { EXIT } from "#cli/shell/exit-status.ts";
import { parseSocketAddress } from "#cli/shell/socket-address.ts";
import { bootstrapFor } from "#cli/up/bootstrap.ts";
import { until } from "../support/envoy.ts";
import { type PilotProcess, SAMPAN, startPilotProcess } from "../support/pilot-process.ts";
import { type OpenTerminal, openTerminal } from "../support/pty.ts";
import type { ProgramRun } from "../support/run-program.ts";
import { freePorts, SampanProxy } from "../support/sampan-proxy.ts";

const HOST = "127.77.44.1";
const CTRL_C = "\u0003";
const WIDE = { columns: 140, rows: 40 };
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOR = /\u001b\[[\d;]+m/;

const MESH = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: shop }
spec:
  hosts: [shop.default.svc.cluster.local]
  addresses: [127.77.44.2]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.77.44.3, labels: { version: v1 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shop }
spec:
  host: shop.default.svc.cluster.local
  subsets: [{ name: v1, labels: { version: v1 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: [shop.default.svc.cluster.local]
  http:
    - timeout: 2s
      route: [{ destination: { host: shop.default.svc.cluster.local, subset: v1 } }]
`;
const TESTS = `testCases:
  - description: goes to v1
    wantMatch: true
    request: { authority: ["shop:9080"], method: [GET], uri: [/] }
    route: [{ destination: { host: shop.default.svc.cluster.local, subset: v1 } }]
`;

interface Row {
  readonly args: readonly string[];
  /** On the screen, and in what comes by pipe. */
  readonly shows: string | RegExp;
  readonly status?: number;
  readonly hasColor?: true;
  /** It runs until somebody has enough: Ctrl-C when it shows what it is to show. */
  readonly staysUntil?: "Ctrl-C";
}

const NO_MESH = 'No mesh runs on this machine: start one with "sampan up"';
const NO_PREFLIGHT = ["--skip-phases", "preflight"];
const ANY_PORTS = ["--xds-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];

const ROWS: Readonly<Record<string, Row>> = {
  up: {
    args: ["mesh", "--dry-run", ...NO_PREFLIGHT],
    shows: "Would start the pilot",
    hasColor: true,
  },
  status: { args: [], shows: NO_MESH, status: EXIT.failed },
  logs: { args: [], shows: NO_MESH, status: EXIT.failed },
  down: { args: [], shows: NO_MESH, status: EXIT.failed },
  preflight: {
    args: ["proxy", "--only", "RuntimeVersion"],
    shows: "[preflight] Running pre-flight checks",
  },
  pilot: {
    args: ["--config", "mesh", "--state-dir", "state", ...ANY_PORTS, ...NO_PREFLIGHT],
    shows: /ready xds 127\.0\.0\.1:\d+ http/,
    staysUntil: "Ctrl-C",
  },
  proxy: {
    args: ["-c", "bootstrap.json", "--mode", "validate", ...NO_PREFLIGHT],
    shows: "configuration 'bootstrap.json' OK",
  },
  get: { args: ["vs"], shows: /^shop +\["shop\.default\.svc\.cluster\.local"\] +\d+s$/m },
  describe: { args: ["vs/shop"], shows: /^Live: +live on 1 of 1 proxy$/m },
  edit: { args: ["vs/shop"], shows: "Edit cancelled, no changes made." },
  apply: { args: ["-f", "mesh"], shows: "virtualservice.networking.istio.io/shop unchanged" },
  delete: { args: ["vs", "shop", "--dry-run"], shows: '"shop" deleted (dry run)' },
  diff: { args: ["-f", "changed.yaml"], shows: "+      timeout: 3s", status: 1, hasColor: true },
  wait: { args: ["vs/shop"], shows: "virtualservice.networking.istio.io/shop live on 1 of 1" },
  validate: { args: ["-f", "mesh"], shows: "✔ 3 objects in 1 file valid" },
  analyze: { args: ["mesh"], shows: "✔ No validation issues found when analyzing mesh." },
  "proxy-status": { args: [], shows: /^buyer-1\.default +sidecar +live \(\d+s\).* sampan\/\d/m },
  "proxy-config": { args: ["cluster", "buyer-1"], shows: /9080 +v1 +outbound +EDS/ },
  stats: { args: ["buyer-1", "--filter", "^server.live$"], shows: /^server\.live +1$/m },
  top: { args: ["--once", "--interval", "200ms"], shows: /^shop\.default +- +0\.0/m },
  tap: { args: [], shows: "Looking at 1 proxy", staysUntil: "Ctrl-C" },
  why: {
    args: ["GET", "http://shop:9080/", "--from", "buyer-1"],
    shows: "=> shop v1 (1 host)",
    hasColor: true,
  },
  "why-code": { args: ["UF"], shows: "UF (UpstreamConnectionFailure)" },
  troubleshoot: { args: [], shows: "Nothing is wrong.", hasColor: true },
  test: { args: ["tests.yaml", "--config", "mesh"], shows: "goes to v1", hasColor: true },
  version: { args: [], shows: "sampan/0.1.0 (1 proxy)" },
  "bug-report": { args: ["--dry-run"], shows: "proxies/buyer-1.default/config_dump.json" },
  completion: { args: ["bash"], shows: "_sampan() {" },
  __complete: { args: ["--", "why-"], shows: /^why-code\s+say what/m },
};

const home = mkdtempSync(join(tmpdir(), "sampan-terminal-"));
const environment: Record<string, string> = { XDG_STATE_HOME: home, SAMPAN_EDITOR: "true" };
let pilot: PilotProcess | undefined;
let proxy: SampanProxy | undefined;

beforeAll(async () => {
  await Bun.write(join(home, "mesh/shop.yaml"), MESH);
  await Bun.write(join(home, "changed.yaml"), MESH.replace("2s", "3s"));
  await Bun.write(join(home, "tests.yaml"), TESTS);
  const admin = { address: { socket_address: { address: HOST, port_value: 0 } } };
  await Bun.write(join(home, "bootstrap.json"), JSON.stringify({ admin }));
  const [started, http, xds] = await startPilotProcess(join(home, "mesh"));
  pilot = started;
  environment["SAMPAN_PILOT"] = http;
  const xdsAddress = parseSocketAddress(xds);
  if (xdsAddress === undefined) throw new Error(xds);
  const [adminPort = 0] = await freePorts(HOST, 1);
  const identity = {
    ...{ name: "buyer-1", namespace: "default", cluster: "buyer", address: HOST },
    ...{ type: "sidecar" as const, admin: { host: HOST, port: adminPort } },
    ...{ labels: { app: "buyer" }, locality: "", metadata: {} },
  };
  const bootstrap = { ...bootstrapFor(identity, xdsAddress) };
  proxy = await SampanProxy.start({ bootstrap, host: HOST, adminPort });
}, 30_000);

afterAll(async () => {
  pilot?.kill();
  await Promise.all([proxy?.stop(), pilot?.exited]);
  rmSync(home, { recursive: true });
});

const matches = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);

const commandOf = (name: string, more: readonly string[] = []): [string, ...string[]] => [
  ...([SAMPAN, name] as const),
  ...(ROWS[name]?.args ?? []),
  ...more,
];

interface TerminalRun {
  readonly status: number;
  readonly shown: string;
  /** With escape sequences. */
  readonly output: string;
}

async function runAtTerminal(
  name: string,
  row: Row,
  { more = [], env = {} }: { more?: readonly string[]; env?: Record<string, string> } = {},
): Promise<TerminalRun> {
  const terminal = openTerminal(commandOf(name, more), {
    ...WIDE,
    env: { ...environment, ...env },
    directory: home,
  });
  try {
    if (row.staysUntil !== undefined) {
      await terminal.waitFor(row.shows);
      terminal.type(CTRL_C);
    }
    const status = await terminal.status;
    return { status, shown: terminal.history(), output: terminal.output() };
  } finally {
    await terminal.close();
  }
}

async function runByPipe(name: string, row: Row): Promise<ProgramRun> {
  const child = Bun.spawn(commandOf(name), {
    cwd: home,
    env: { ...process.env, ...environment, NO_COLOR: undefined },
    ...{ stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  });
  const text = { stdout: "", stderr: "" };
  const read = async (from: "stdout" | "stderr"): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of child[from]) text[from] += decoder.decode(chunk, { stream: true });
  };
  const reading = Promise.all([read("stdout"), read("stderr")]);
  if (row.staysUntil !== undefined) {
    const isThere = (): boolean => matches(text.stdout + text.stderr, row.shows);
    await until(() => child.exitCode !== null || isThere(), 10_000);
    child.kill("SIGINT");
  }
  const status = await child.exited;
  await reading;
  return { status, ...text };
}

test("no command is left out", () => {
  expect(Object.keys(ROWS)).toEqual(COMMANDS.map(({ name }) => name));
});

test.each(Object.entries(ROWS))(
  "%s shows the same at a terminal and by pipe, and nothing but text by pipe",
  async (name, row) => {
    const [seen, piped] = await Promise.all([runAtTerminal(name, row), runByPipe(name, row)]);
    expect(seen.shown).toMatch(row.shows);
    expect(seen.status).toBe(row.status ?? EXIT.ok);
    expect(COLOR.test(seen.output)).toBe(row.hasColor === true);
    const text = piped.stdout + piped.stderr;
    expect(text).toMatch(row.shows);
    expect(text).not.toContain("\u001b");
    expect(piped.status).toBe(seen.status);
  },
  20_000,
);

test.each(Object.entries(ROWS).filter(([, row]) => row.hasColor))(
  "%s has no colours under NO_COLOR",
  async (name, row) => {
    const { status, shown, output } = await runAtTerminal(name, row, { env: { NO_COLOR: "1" } });
    expect(shown).toMatch(row.shows);
    expect(status).toBe(row.status ?? EXIT.ok);
    expect(output).not.toMatch(COLOR);
  },
  20_000,
);

// One switch for all commands, taken out before they see it: one of them is enough.
test("nor with --no-color", async () => {
  const row = ROWS["why"] as Row;
  const { status, shown, output } = await runAtTerminal("why", row, { more: ["--no-color"] });
  expect(shown).toMatch(row.shows);
  expect(status).toBe(EXIT.ok);
  expect(output).not.toMatch(COLOR);
}, 20_000);

test("a proxy that serves says nothing, and Ctrl-C ends it", async () => {
  const [port = 0] = await freePorts(HOST, 1);
  const admin = { address: { socket_address: { address: HOST, port_value: port } } };
  await Bun.write(join(home, "serving.json"), JSON.stringify({ admin }));
  const terminal = openTerminal(
    [SAMPAN, "proxy", "-c", "serving.json", "--drain-time-s", "0", ...NO_PREFLIGHT],
    { ...WIDE, env: environment, directory: home },
  );
  try {
    const isReady = (): Promise<boolean> =>
      fetch(`http://${HOST}:${port}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(isReady, 10_000);
    terminal.type(CTRL_C);
    expect(await terminal.status).toBe(EXIT.ok);
    expect(terminal.history()).toBe("^C");
  } finally {
    await terminal.close();
  }
}, 20_000);

interface View {
  readonly args: readonly string[];
  readonly draws: string | RegExp;
  /** Shown as soon as the window is wide enough. */
  readonly showsWhenWide: string | RegExp;
}

const NARROW_COLUMNS = 24;
// DEC private modes.
const WRAPPING = 7;
const CURSOR = 25;
const ALTERNATE_SCREEN = 1049;

const VIEWS: readonly View[] = [
  { args: ["status", "-w"], draws: "No mesh runs", showsWhenWide: "sampan up" },
  { args: ["proxy-status", "-w"], draws: /^buyer-1\.default/m, showsWhenWide: /RDS/ },
  { args: ["stats", "buyer-1", "-w"], draws: /^cluster\./m, showsWhenWide: /^NAME .*VALUE/m },
  { args: ["top", "--interval", "200ms"], draws: "shop.default", showsWhenWide: "P99" },
];

/** How the terminal stands after the command, by the kernel. */
const THEN_STTY = '"$@"; echo "status $?"; stty -a';

/** The last switch of a private mode wins. */
function isSwitchedOn(output: string, mode: number): boolean {
  return output.lastIndexOf(`\u001b[?${mode}h`) > output.lastIndexOf(`\u001b[?${mode}l`);
}

function openView(args: readonly string[]): OpenTerminal {
  const command = ["sh", "-c", THEN_STTY, "sh", SAMPAN, ...args] as const;
  return openTerminal([...command], {
    ...{ columns: NARROW_COLUMNS, rows: 12 },
    env: environment,
    directory: home,
  });
}

const ENDS = [
  ["q", "q"],
  ["Ctrl-C", CTRL_C],
] as const;

const VIEWS_BY_LINE = VIEWS.map((view) => [view.args.join(" "), view] as const);

describe.each(VIEWS_BY_LINE)("%s", (_line, { args, draws, showsWhenWide }) => {
  test.each(ENDS)(
    "draws, follows the window, and %s gives the terminal back",
    async (_, key) => {
      const terminal = openView(args);
      try {
        const narrow = await terminal.waitFor(draws);
        expect(matches(narrow, showsWhenWide)).toBe(false);
        expect(isSwitchedOn(terminal.output(), ALTERNATE_SCREEN)).toBe(true);
        expect(isSwitchedOn(terminal.output(), CURSOR)).toBe(false);
        terminal.resize(WIDE.columns, WIDE.rows);
        await terminal.waitFor(showsWhenWide);
        terminal.type(key);
        await terminal.status;
        const shown = terminal.history();
        expect(shown).toMatch(/^status 0$/m);
        expect(shown).toMatch(/ icanon\b/);
        expect(shown).toMatch(/ echo\b/);
        expect(isSwitchedOn(terminal.output(), ALTERNATE_SCREEN)).toBe(false);
        expect(isSwitchedOn(terminal.output(), CURSOR)).toBe(true);
        expect(isSwitchedOn(terminal.output(), WRAPPING)).toBe(true);
      } finally {
        await terminal.close();
      }
    },
    20_000,
  );
});
