// The preflight on this very machine: a busy port with the process that holds it, limits and folders that are really so.
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustSkip } from "../support/peers.ts";

setDefaultTimeout(30_000); // whole processes, on a machine that may be busy
const SAMPAN = join(import.meta.dir, "../../bin/sampan");
const HOST = "127.77.90.1";
const folder = mkdtempSync(join(tmpdir(), "sampan-preflight-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runShell(script: string): Ran {
  const child = Bun.spawnSync(["sh", "-c", script], {
    env: { PATH: process.env["PATH"] ?? "", HOME: folder },
    timeout: 30_000,
  });
  return {
    status: child.exitCode,
    stdout: child.stdout.toString(),
    stderr: child.stderr.toString(),
  };
}

/** A process of its own that listens, named by what stands behind its program. */
async function holdPort(): Promise<{ pid: number; port: number; end(): Promise<void> }> {
  const code = `const l = Bun.listen({ hostname: "${HOST}", port: 0, socket: { data() {} } }); console.log(l.port);`;
  const child = Bun.spawn([process.execPath, "-e", code, "holds-the-port"], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  return {
    pid: child.pid,
    port: Number(new TextDecoder().decode(value)),
    end: async () => {
      child.kill();
      await child.exited;
    },
  };
}

describe("a busy port", () => {
  test("is reported with its process, by preflight and by the command itself, until it is free", async () => {
    const holder = await holdPort();
    const { pid, port } = holder;
    const flags = `--xds-address ${HOST}:${port} --http-address ${HOST}:0`;
    const words = new RegExp(
      `\\t\\[ERROR Port-${port}\\]: Port ${port} is in use: ${HOST}:${port} is held by process ${pid} \\(\\S*bun\\S* -e .*\\n\\t\\tfix: stop that process, or choose another one with --xds-address\\n`,
    );
    const only = `--only Port-${port}`;
    try {
      const checked = runShell(`${SAMPAN} preflight pilot ${flags} ${only}`);
      expect(checked.stderr).toMatch(words);
      expect(checked.status).toBe(2);
      writeFileSync(join(folder, "empty.yaml"), "");
      const begun = runShell(
        `${SAMPAN} pilot --config ${folder} ${flags} --ignore-preflight-errors=swap`,
      );
      expect(begun.stderr).toMatch(words);
      expect(begun.stderr).toContain("error execution phase preflight: ");
      expect(begun.stdout).toBe("");
      expect(begun.status).toBe(2);
    } finally {
      await holder.end();
    }
    expect(runShell(`${SAMPAN} preflight pilot ${flags} ${only}`)).toEqual({
      status: 0,
      stdout: "[preflight] Running pre-flight checks\n[preflight] 1 check passed\n",
      stderr: "",
    });
  });

  test("keeps a proxy from starting with status 2, and the ignore list lets it try", async () => {
    const holder = await holdPort();
    const file = join(folder, "bootstrap.yaml");
    const admin = `admin: {address: {socket_address: {address: ${HOST}, port_value: ${holder.port}}}}\n`;
    writeFileSync(file, admin);
    try {
      const refused = runShell(`${SAMPAN} proxy -c ${file} --ignore-preflight-errors=swap`);
      expect(refused.status).toBe(2);
      expect(refused.stderr).toContain(`held by process ${holder.pid} (`);
      expect(refused.stderr).toContain(`change admin.address in ${file}`);
      for (const flag of ["--ignore-preflight-errors=all", "--skip-phases Preflight"]) {
        const tried = runShell(`${SAMPAN} proxy -c ${file} ${flag}`);
        expect(tried.status).toBe(1);
        expect(tried.stderr).toContain(`Cannot listen on ${HOST}:${holder.port} (admin)`);
      }
    } finally {
      await holder.end();
    }
  });
});

test("a limit of 256 open files", () => {
  const { status, stderr } = runShell(`ulimit -n 256; exec ${SAMPAN} preflight --only openfiles`);
  expect(status).toBe(2);
  expect(stderr).toContain(
    "\t[ERROR OpenFiles]: the limit of open files (256) is less than the required 4096\n",
  );
});

test("a state folder below a file, and one that everybody may write", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const below = runShell(`${SAMPAN} preflight --only DirAvailable --state-dir ${file}/state`);
  expect(below.status).toBe(2);
  expect(below.stderr).toContain(
    `[ERROR DirAvailable]: ${file}/state cannot be used: ${file} is no folder`,
  );
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const warned = runShell(`${SAMPAN} preflight --only DirAvailable --state-dir ${open}`);
  expect(warned.status).toBe(0);
  expect(warned.stderr).toContain(`${open} may be written by everybody (mode 777)`);
});

test("as a phase of up alone, with the flags that stand behind it", () => {
  const alone = `${SAMPAN} up phase preflight ${folder}/nothing-here`;
  const { status, stderr } = runShell(`${alone} --ignore-preflight-errors=Swpa`);
  expect(status).toBe(64);
  expect(stderr).toContain('Invalid value: "Swpa": no check has this name; did you mean Swap?');
  const looked = runShell(`${alone} --ignore-preflight-errors=Swap,DirAvailable`);
  expect(looked.status).toBe(2);
  expect(looked.stderr).toContain(
    `\t[ERROR Config]: Cannot read the folder ${folder}/nothing-here: ENOENT`,
  );
});

test("an annotation of up is part of the configuration of up, and of nobody else", () => {
  const mesh = join(folder, "mesh");
  mkdirSync(mesh);
  const annotations = '{ sampan.dev/run: serve, sampan.dev/replicas: "many" }';
  writeFileSync(
    join(mesh, "shop.yaml"),
    `apiVersion: networking.istio.io/v1\nkind: WorkloadGroup\nmetadata:\n  name: shop\n  annotations: ${annotations}\nspec: { template: {} }\n`,
  );
  const words =
    /\t\[ERROR Config\]: (?:\S*\/)?shop\.yaml:5:41: WorkloadGroup default\/shop: .*replicas/;
  const looked = runShell(`${SAMPAN} preflight up ${mesh} --only Config`);
  expect([looked.status, looked.stderr]).toEqual([2, expect.stringMatching(words)]);
  const alone = runShell(`${SAMPAN} up phase preflight ${mesh} --ignore-preflight-errors=Swap`);
  expect([alone.status, alone.stderr]).toEqual([2, expect.stringMatching(words)]);
  expect(runShell(`${SAMPAN} preflight pilot ${mesh} --only Config`).status).toBe(0);
});

test("JSON of everything goes through a pipe whole", () => {
  const { stdout, stderr } = runShell(
    `${SAMPAN} preflight -o json --ignore-preflight-errors=all | cat`,
  );
  const report = JSON.parse(stdout) as { success: boolean; checks: readonly { name: string }[] };
  expect(report.success).toBe(true);
  expect(report.checks.map(({ name }) => name)).toContain("Swap");
  expect(stderr).toBe("");
});

const isRoot = process.geteuid?.() === 0;

/** Left out where the machine has not what it takes; not as root in CI, which has installed it. */
function isLeftOut(has: boolean, what: string): boolean {
  if (has || !isRoot) return !has;
  return mustSkip({ kind: "missing", reason: `${what}: tools/install-peers.sh installs programs` });
}

const hasNamespaces =
  Bun.which("unshare") !== null && Bun.spawnSync(["unshare", "--net", "true"]).exitCode === 0;
const withoutNamespaces = isLeftOut(hasNamespaces, "No network namespace can be made");

test.skipIf(withoutNamespaces)("without a loopback interface (needs network namespaces)", () => {
  const { status, stderr } = runShell(`exec unshare --net ${SAMPAN} preflight --only Loopback`);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /\[ERROR Loopback\]: 127\.0\.0\.1, 127\.0\.1\.1, 127\.240\.0\.1: cannot be connected to: /,
  );
});

const hasRules = Bun.which("ip") !== null && (Bun.which("iptables") ?? Bun.which("nft")) !== null;
const withoutRules = isLeftOut(hasRules, "iptables, nft or ip is not on the PATH");

test.skipIf(withoutNamespaces || withoutRules)(
  "a redirected connection arrives (needs root, and iptables or nft)",
  () => {
    expect(runShell(`${SAMPAN} preflight --only InterceptionProbe`)).toEqual({
      status: 0,
      stdout: "[preflight] Running pre-flight checks\n[preflight] 1 check passed\n",
      stderr: "",
    });
  },
);

test.skipIf(withoutNamespaces)(
  "a rule that redirects nothing is found out (needs network namespaces)",
  () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "iptables"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const { status, stderr } = runShell(
      `PATH=${bin}:$PATH exec ${SAMPAN} preflight --only InterceptionProbe`,
    );
    expect(status).toBe(2);
    expect(stderr).toContain("[ERROR InterceptionProbe]: a redirected connection did not arrive: ");
  },
);
