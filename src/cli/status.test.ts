// `sampan status` over run directories and a pilot in memory, by pipe and live.
import { describe, expect, test } from "bun:test";
import type { HttpClient } from "#base/http-client.ts";
import { FakeRunDirectory, part, STATE_ENV } from "./testing/fake-run-directory.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";
import type { MeshPart } from "./up/run-directory.ts";

interface PilotPages {
  readonly syncz?: readonly object[];
  readonly problemz?: readonly object[];
}

const proxy = (name: string, state: string, namespace = "default"): object => ({
  name,
  namespace,
  state,
});

/** undefined: nobody is there. */
function pilot(pages: PilotPages | undefined): HttpClient {
  return {
    request: async ({ url }) => {
      if (pages === undefined) return { kind: "failed", reason: "ECONNREFUSED" };
      const page = new URL(url).pathname === "/debug/syncz" ? pages.syncz : pages.problemz;
      return { kind: "answered", status: 200, headers: {}, body: JSON.stringify(page ?? []) };
    },
  };
}

const { pid: _none, ...WITHOUT_PROCESS } = part("crashed-1", { health: "unhealthy" });

const PARTS: readonly MeshPart[] = [
  part("pilot", { kind: "pilot", address: "127.0.0.1:15014" }),
  part("shop-1"),
  part("shop-1", { kind: "sidecar" }),
  part("shop-2.blue", { namespace: "blue", health: "starting", address: "127.0.1.3" }),
  WITHOUT_PROCESS,
  part("host", { kind: "hostSidecar", address: "127.0.1.1" }),
  part("gateway", { kind: "gateway", address: "127.0.0.1" }),
];

function mesh(): FakeRunDirectory {
  const files = new FakeRunDirectory();
  files.addMesh("15014", 7, PARTS);
  return files;
}

const status = (
  files: FakeRunDirectory,
  pages: PilotPages | undefined,
  ...args: readonly string[]
): Promise<Ran> =>
  runFake(["status", ...args], { files, env: STATE_ENV, httpClient: pilot(pages) });

describe("sampan status", () => {
  test("says of every part what it is, how it is, and what is live on it", async () => {
    const ran = await status(mesh(), {
      syncz: [proxy("shop-1", "live"), proxy("host", "behind"), proxy("gateway", "rejected")],
      problemz: [{ text: "route.yaml:7:7: VirtualService default/shop: wrong" }],
    });
    expect(ran).toEqual({
      status: 0,
      stderr: "",
      stdout: `Mesh 15014  /home/jo/shop
pid 7, up 1m5s, data plane sampan

PART         KIND          HEALTH    CONFIG    ADDRESS          PID
pilot        pilot         running   -         127.0.0.1:15014  101
shop-1       instance      healthy   live      127.0.1.2        101
shop-2.blue  instance      starting  -         127.0.1.3        101
crashed-1    instance      stopped   -         127.0.1.2        -
host         host sidecar  running   behind    127.0.1.1        101
gateway      gateway       running   rejected  127.0.0.1        101

Configuration live on 1 proxies, behind on 1, rejected by 1
Problems of the configuration: 1
  route.yaml:7:7: VirtualService default/shop: wrong
Open   http://127.0.0.1:8080
Pilot  http://127.0.0.1:15014
`,
    });
  });

  test("of a mesh whose pilot does not answer", async () => {
    const { status: code, stdout } = await status(mesh(), undefined);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pilot +pilot +silent/m);
    expect(stdout).toMatch(/^shop-1 +instance +healthy +unknown/m);
    expect(stdout).toContain("Cannot reach the pilot at 127.0.0.1:15014: ECONNREFUSED\n");
  });

  test("of a proxy that is not connected", async () => {
    expect((await status(mesh(), {})).stdout).toMatch(/^gateway +gateway +running +away/m);
  });

  test("-o json", async () => {
    const { stdout } = await status(mesh(), { syncz: [proxy("shop-1", "live")] }, "-o", "json");
    const { meshes } = JSON.parse(stdout);
    expect(meshes).toHaveLength(1);
    expect(meshes[0]).toMatchObject({
      name: "15014",
      pid: 7,
      proxies: { live: 1, behind: 0, rejected: 0 },
      problems: [],
    });
    expect(meshes[0].parts[1]).toEqual({
      name: "shop-1",
      kind: "instance",
      health: "healthy",
      config: "live",
      address: "127.0.1.2",
      pid: 101,
    });
  });

  test("of several meshes, one below the other; killed ones are no meshes", async () => {
    const files = mesh();
    files.addMesh("16014", 8, []);
    files.addMesh("17014", 9, []);
    files.endProcess(9);
    const { stdout } = await status(files, {});
    expect(stdout.match(/^Mesh \d+/gm)).toEqual(["Mesh 15014", "Mesh 16014"]);
  });

  test("without a mesh: says what starts one, and status 1", async () => {
    const files = new FakeRunDirectory();
    expect(await status(files, undefined)).toEqual({
      status: 1,
      stdout: "",
      stderr: 'sampan status: No mesh runs on this machine: start one with "sampan up".\n',
    });
    const json = await status(files, undefined, "-o", "json");
    expect([json.status, JSON.parse(json.stdout)]).toEqual([1, { meshes: [] }]);
  });

  test("colours what needs a look, only on a terminal", async () => {
    const pages = { syncz: [proxy("shop-1", "live"), proxy("gateway", "rejected")] };
    const terminal = {
      write: (text: string) => void shown.push(text),
      writeError() {},
      isInteractive: true,
      showsProgress: true,
      hasColor: true,
      size: () => ({ columns: 100, rows: 40 }),
      onResize: () => ({ close() {} }),
      onKey: () => ({ close() {} }),
      readInput: async () => "",
    };
    const shown: string[] = [];
    await runFake(["status"], {
      files: mesh(),
      env: STATE_ENV,
      httpClient: pilot(pages),
      terminal,
    });
    expect(shown.join("")).toContain("\u001b[31mrejected\u001b[39m");
    expect(shown.join("")).toContain("\u001b[32mhealthy\u001b[39m");
    expect((await status(mesh(), pages)).stdout).not.toContain("\u001b");
  });

  test("a name from the configuration cannot steer the terminal, and problems have an end", async () => {
    const files = new FakeRunDirectory();
    files.addMesh("15014", 7, [part("a\u001b[2J")], { directory: "/tmp/\u0007" });
    const problemz = Array.from({ length: 13 }, (_, index) => ({ text: `\u009b${index}` }));
    const { stdout } = await status(files, { problemz });
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(stdout).toContain("Problems of the configuration: 13");
    expect(stdout).toContain("… and 3 more");
  });
});
