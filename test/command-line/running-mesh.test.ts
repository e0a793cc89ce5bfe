// Every command that looks at a mesh, beside a running one: JSON that parses, names to complete, pipes that end early, and a
// bug report without what was planted.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgram } from "#cli/program.ts";
import { fakeShell } from "#cli/testing/fake-shell.ts";
import { fullName, visibleCommands } from "../../tools/reference/cli-page.ts";
import { MeshProcess } from "../end-to-end/harness/mesh-process.ts";
import { openTerminal } from "../support/pty.ts";
import { type ProgramRun, runProgram } from "../support/run-program.ts";

const SAMPAN = join(import.meta.dir, "../../bin/sampan");
/** Finds whatever is left of any secret. */
const PLANTED = "pl4nted";

/** How each command with `-o json` is asked; a command of many lines ends by itself. */
const JSON_RUNS: Readonly<Record<string, readonly string[]>> = {
  status: [],
  logs: ["--tail", "3"],
  preflight: ["--only", "Swap", "--ignore-preflight-errors", "all"],
  get: ["dr"],
  describe: ["service", "reviews"],
  validate: ["-f", "FOLDER"],
  analyze: ["FOLDER"],
  "proxy-status": [],
  "proxy-config cluster": ["productpage-v1-1"],
  "proxy-config listener": ["productpage-v1-1"],
  "proxy-config route": ["productpage-v1-1"],
  "proxy-config endpoint": ["productpage-v1-1"],
  "proxy-config secret": ["productpage-v1-1"],
  "proxy-config all": ["productpage-v1-1"],
  "proxy-config bootstrap": ["productpage-v1-1"],
  stats: ["productpage-v1-1"],
  top: ["--once"],
  tap: ["--for", "200ms"],
  troubleshoot: [],
  test: ["FOLDER/tests", "--config", "FOLDER"],
  why: ["http://reviews:9080/", "--from", "productpage-v1-1"],
  "why-code": ["UF"],
  version: [],
};
/** An object a line. */
const LINES: readonly string[] = ["logs", "tap"];

let mesh: MeshProcess;
const state = mkdtempSync(join(tmpdir(), "running-mesh-"));

const bash = (script: string, args: readonly string[] = []): Promise<ProgramRun> =>
  runProgram(["bash", "-c", script, SAMPAN, ...args], {
    directory: state,
    env: { ...process.env, XDG_STATE_HOME: state },
  });

const sampan = (args: readonly string[]): Promise<ProgramRun> =>
  bash(
    '"$0" "$@"',
    args.map((arg) => arg.replace("FOLDER", mesh.up.folder)),
  );

beforeAll(async () => {
  mesh = await MeshProcess.start([], { XDG_STATE_HOME: state });
}, 60_000);

afterAll(async () => {
  await mesh.close();
  rmSync(state, { recursive: true, force: true });
}, 30_000);

test("every command that prints JSON is asked for it below", async () => {
  const commands = visibleCommands(await createProgram(fakeShell().shell, "all"))
    .filter(({ options }) => options.some(({ argChoices }) => argChoices?.includes("json")))
    .map((command) => fullName(command).replace(/^sampan /, ""));
  expect(Object.keys(JSON_RUNS).toSorted()).toEqual(commands.toSorted());
});

test.each(Object.entries(JSON_RUNS))(
  "%s -o json parses, and has no colours",
  async (name, args) => {
    const { status, stdout, stderr } = await sampan([...name.split(" "), ...args, "-o", "json"]);
    expect(stdout + stderr).not.toContain("\u001b");
    expect([status, stderr.includes("mistake in sampan")]).toEqual([0, false]);
    const values = LINES.includes(name) ? stdout.trimEnd().split("\n").filter(Boolean) : [stdout];
    for (const text of values) expect(typeof JSON.parse(text)).toBe("object");
  },
);

test.each([
  [["proxy-config", "cluster", "rev"], "reviews-v1-1\tsidecar in default, live\n"],
  [["pc", "cluster", "productpage"], "productpage-v1-1\t"],
  [["why", "GET", "http://x/", "--from", "rat"], "ratings-v1-1\t"],
  [["tap", "det"], "details\tservice in default\n"],
  [["describe", "dr", ""], "reviews\tDestinationRule in default\n"],
  [["delete", "dr/re"], "dr/reviews\t"],
  [["logs", "gate"], "gateway\tgateway\n"],
])("%j is completed with names of the mesh", async (words, wanted) => {
  const { stdout } = await sampan(["__complete", "--", ...words]);
  expect(stdout).toContain(wanted);
});

test("proxy-status -w is a live view, and q ends it", async () => {
  const terminal = openTerminal([SAMPAN, "proxy-status", "-w"], { columns: 100 });
  try {
    await terminal.waitFor(/^NAME +TYPE +CDS[\s\S]*productpage-v1-1\.default +sidecar +live/);
    terminal.type("q");
    expect(await terminal.status).toBe(0);
    expect(terminal.screen()).toContain("productpage-v1-1.default"); // the last look stays
  } finally {
    await terminal.close();
  }
});

test("a pilot that never answers holds nobody at the keyboard", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  try {
    const started = performance.now();
    const words = ["__complete", "--", "pc", "cluster", "--pilot", `127.0.0.1:${silent.port}`, ""];
    const { stdout, status } = await sampan(words);
    expect([status, stdout]).toEqual([0, ":nothing\n"]);
    expect(performance.now() - started).toBeLessThan(1_500); // 0.4 s on an idle machine
  } finally {
    silent.stop(true);
  }
});

test.each([
  "proxy-config bootstrap productpage-v1-1",
  "proxy-config cluster productpage-v1-1 -o json",
  "stats productpage-v1-1 --all",
  "get services -o yaml",
  "logs",
])("%s | head -1 is no noise", async (command) => {
  const { stdout, stderr } = await bash(`"$0" ${command} | head -1`);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
});

test("a bug report of the mesh holds its parts and no secret", async () => {
  writeFileSync(
    join(mesh.up.folder, "secret.yaml"),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: secret, annotations: { note: "postgres://app:${PLANTED}@db/x" } }
spec:
  hosts: [details.default.svc.cluster.local]
  http:
    - match: [{ headers: { authorization: { exact: "Bearer ${PLANTED}" } } }]
      headers: { request: { set: { x-api-key: ${PLANTED} } } }
      route: [{ destination: { host: details.default.svc.cluster.local } }]
    - route: [{ destination: { host: details.default.svc.cluster.local } }]
`,
  );
  await sampan(["wait", "vs/secret", "--timeout", "5s"]);
  const dump = await sampan(["proxy-config", "route", "productpage-v1-1", "-o", "json"]);
  expect(dump.stdout).toContain(PLANTED); // it is there to be found
  const { status, stdout } = await sampan(["bug-report", "-o", "report.tar.gz"]);
  expect(status).toBe(0);
  const { stdout: list } = await bash("tar -tf report.tar.gz");
  for (const part of [
    "versions.json",
    "pilot/syncz.json",
    "mesh/status.json",
    "machine/preflight.json",
    "proxies/productpage-v1-1.default/config_dump.json",
  ]) {
    expect(list).toContain(part);
    expect(stdout).toContain(part);
  }
  expect(list).toMatch(/mesh\/\d+\/logs\/pilot\.log/);
  const { stdout: all } = await bash("tar -xOzf report.tar.gz");
  expect(all).toContain("details.default.svc.cluster.local");
  expect(all).not.toContain(PLANTED);
}, 30_000);
