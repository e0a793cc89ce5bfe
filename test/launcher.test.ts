// bin/sampan finds the runtime wherever npm or pnpm put it, from any working directory, and says what to do without it.
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LAUNCHER = join(import.meta.dir, "../bin/sampan");
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sampan launcher "));
  mkdirSync(join(root, "bin"));
  copyFileSync(LAUNCHER, join(root, "bin/sampan"));
  chmodSync(join(root, "bin/sampan"), 0o755);
  mkdirSync(join(root, "src/cli"), { recursive: true });
  writeFileSync(join(root, "src/cli/main.ts"), "console.log('ran', ...process.argv.slice(2));");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The real binary, at a place below node_modules. */
function putBun(path: string): void {
  const place = join(root, "node_modules", path);
  mkdirSync(join(place, ".."), { recursive: true });
  symlinkSync(process.execPath, place);
}

/** What the npm package holds before its postinstall script ran: a small file that only complains. */
function putPlaceholder(): void {
  const place = join(root, "node_modules/bun/bin");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "bun.exe"), "echo not installed >&2; exit 1\n", { mode: 0o755 });
}

function launch(path = join(root, "bin/sampan")): { status: number; out: string; errors: string } {
  const run = Bun.spawnSync([path, "one", "two words"], { cwd: "/" });
  return { status: run.exitCode, out: run.stdout.toString(), errors: run.stderr.toString() };
}

test.each([
  ["npm, after the postinstall script", "bun/bin/bun.exe"],
  ["npm without scripts", "@oven/bun-linux-x64/bin/bun"],
  ["pnpm without scripts", ".pnpm/node_modules/@oven/bun-linux-x64/bin/bun"],
])("the launcher finds Bun as put by %s", (_how, path) => {
  putPlaceholder();
  rmSync(join(root, "node_modules", path), { force: true });
  putBun(path);
  expect(launch()).toEqual({ status: 0, out: "ran one two words\n", errors: "" });
});

test("the launcher is found through links, as npm makes them", () => {
  putBun("bun/bin/bun.exe");
  mkdirSync(join(root, "node_modules/.bin"));
  symlinkSync("../../bin/sampan", join(root, "node_modules/.bin/sampan"));
  expect(launch(join(root, "node_modules/.bin/sampan")).out).toBe("ran one two words\n");
});

test("without Bun the launcher says what to do", () => {
  putPlaceholder();
  const { status, errors } = launch();
  expect(status).toBe(1);
  expect(errors).toContain("Cannot find the Bun runtime");
  expect(errors).toContain("npm ci");
});

test("a binary of another platform is passed over", () => {
  const foreign = join(root, "node_modules/@oven/bun-alien/bin");
  mkdirSync(foreign, { recursive: true });
  writeFileSync(join(foreign, "bun"), new Uint8Array(1_100_000), { mode: 0o755 });
  putBun("@oven/bun-linux-x64/bin/bun");
  expect(launch().out).toBe("ran one two words\n");
});
