// The folder store over real files: what editors, shells and git do to a folder.
import { afterAll, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT_LOG } from "#base/log.ts";
import { systemFiles } from "#io/bun/files.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = "";
let count = 0;
beforeEach(() => {
  count += 1;
  folder = join(root, String(count));
  mkdirSync(folder);
});

function rule(name: string, host: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: ${name} }\nspec: { host: ${host} }\n`;
}

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

interface Opened {
  readonly store: FolderStore;
  /** Resolves when the store shows these hosts; every list it showed on the way is in `seen`. */
  shows(hosts: string): Promise<void>;
  readonly seen: string[];
}

async function open(): Promise<Opened> {
  const opened = await FolderStore.open({
    folder,
    files: systemFiles,
    clock: systemClock,
    timers: systemTimers,
    log: SILENT_LOG,
  });
  if (opened.kind !== "opened") throw new Error(opened.reason);
  const { store } = opened;
  const hosts = (): string =>
    store
      .list()
      .map((object) => ("host" in object.spec ? object.spec.host : ""))
      .join(" ");
  const seen = [hosts()];
  let arrived = (): void => {};
  store.onChange(() => {
    seen.push(hosts());
    arrived();
  });
  const shows = (wanted: string): Promise<void> =>
    new Promise((done) => {
      arrived = () => {
        if (hosts() === wanted) done();
      };
      arrived();
    });
  return { store, shows, seen };
}

test("a file renamed over another replaces its objects in one step", async () => {
  write("a.yaml", rule("a", "old"));
  const { store, shows, seen } = await open();
  write("a.yaml.tmp", rule("a", "new"));
  renameSync(join(folder, "a.yaml.tmp"), join(folder, "a.yaml"));
  await shows("new");
  expect(seen).toEqual(["old", "new"]);
  store.close();
});

test("a file that is emptied and then written never loses its objects", async () => {
  write("a.yaml", rule("a", "old"));
  const { store, shows, seen } = await open();
  truncateSync(join(folder, "a.yaml"));
  await Bun.sleep(150); // a shell's `command > a.yaml`: longer than files take to settle
  write("a.yaml", rule("a", "new"));
  await shows("new");
  expect(seen).toEqual(["old", "new"]);
  store.close();
});

test("a file that is deleted and made again loses nothing", async () => {
  write("a.yaml", rule("a", "old"));
  const { store, shows, seen } = await open();
  unlinkSync(join(folder, "a.yaml"));
  write("a.yaml", rule("a", "new"));
  await shows("new");
  expect(seen).toEqual(["old", "new"]);
  store.close();
});

test("a hundred files at once come together, and go together", async () => {
  const { store, shows } = await open();
  const names = Array.from({ length: 100 }, (_, i) => `r${String(i).padStart(2, "0")}`);
  for (const name of names) write(`${name}.yaml`, rule(name, name));
  await shows(names.join(" "));
  for (const name of names) unlinkSync(join(folder, `${name}.yaml`));
  await shows("");
  store.close();
});

test("a folder that is moved in brings its files, also those that change later, and takes them away", async () => {
  const { store, shows } = await open();
  const outside = join(root, `outside-${count}`);
  mkdirSync(join(outside, "deep"), { recursive: true });
  writeFileSync(join(outside, "deep/a.yaml"), rule("a", "moved"));
  renameSync(outside, join(folder, "inside"));
  await shows("moved");
  write("inside/deep/a.yaml", rule("a", "later"));
  await shows("later");
  rmSync(join(folder, "inside"), { recursive: true });
  await shows("");
  store.close();
});

test("a symbolic link to a file is followed, and its new target too", async () => {
  const targets = join(root, `targets-${count}`);
  mkdirSync(targets);
  writeFileSync(join(targets, "one"), rule("a", "one"));
  writeFileSync(join(targets, "two"), rule("a", "two"));
  symlinkSync(join(targets, "one"), join(folder, "a.yaml"));
  const { store, shows } = await open();
  await shows("one");
  symlinkSync(join(targets, "two"), join(folder, "b"));
  renameSync(join(folder, "b"), join(folder, "a.yaml")); // as `ln -sfn` and Kubernetes' mounted ConfigMaps do
  await shows("two");
  store.close();
});

test.skipIf(process.getuid?.() === 0)("a file without permission keeps what it gave", async () => {
  write("a.yaml", rule("a", "old"));
  const { store } = await open();
  write("a.yaml", rule("a", "new"));
  chmodSync(join(folder, "a.yaml"), 0);
  await new Promise<void>((done) => store.onChange(() => done()));
  expect(store.problems()[0]?.message).toContain("permission denied");
  expect(store.list()).toHaveLength(1);
  store.close();
});
