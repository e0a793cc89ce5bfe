import { expect, test } from "bun:test";
import fc from "fast-check";
import { SILENT_LOG } from "#base/log.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { formatProblem, objectKey } from "../model/object.ts";
import { EMPTY_SETTLE_MS, MAX_SETTLE_MS } from "./folder-look.ts";
import { FolderStore } from "./folder-store.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import type { ConfigChange } from "./store.ts";
import { FakeFiles } from "./testing/fake-files.ts";

/** A DestinationRule is the smallest object with something in it. */
function rule(name: string, host = name): string {
  return `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: ${name} }\nspec:\n  host: ${host}\n`;
}

const BROKEN = "kind: [DestinationRule\n";

class Folder {
  readonly files: FakeFiles;
  readonly time = new FakeTime();
  readonly store: FolderStore;
  readonly events: string[] = [];

  private constructor(files: FakeFiles, time: FakeTime, store: FolderStore) {
    this.files = files;
    this.time = time;
    this.store = store;
    store.onChange((changes) => this.events.push(changes.map(shown).join(", ")));
  }

  static async open(content: Readonly<Record<string, string>>): Promise<Folder> {
    const files = new FakeFiles("mesh");
    const time = new FakeTime();
    for (const [path, text] of Object.entries(content)) files.write(path, text);
    const opened = await FolderStore.open({
      folder: "mesh",
      files,
      clock: time,
      timers: time,
      log: SILENT_LOG,
    });
    if (opened.kind !== "opened") throw new Error(opened.reason);
    return new Folder(files, time, opened.store);
  }

  /** Lets `ms` pass in small steps, with everything that is waited for done after each. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.time.advance(Math.min(10, left));
      await new Promise<void>((done) => setImmediate(done));
    }
  }

  /** Name and host of every object, in order. */
  get hosts(): string {
    return this.store
      .list()
      .map((object) =>
        object.kind === "DestinationRule" && "host" in object.spec
          ? `${object.name}=${object.spec.host}`
          : object.name,
      )
      .join(" ");
  }

  get problems(): string[] {
    return this.store.problems().map(formatProblem);
  }
}

function shown(change: ConfigChange): string {
  return `${change.kind} ${change.object.name}`;
}

test("what stands in the folder is there at once, in the order of paths", async () => {
  const folder = await Folder.open({
    "b/deep/c.yml": rule("c"),
    "a.yaml": `${rule("a2")}---\n${rule("a1")}`,
    "notes.txt": "not YAML",
  });
  expect(folder.hosts).toBe("a2=a2 a1=a1 c=c");
  expect(folder.problems).toEqual([]);
});

test("a folder that cannot be listed is not opened", async () => {
  const files = new FakeFiles("mesh");
  files.folderFailure = "ENOENT: no such file or directory";
  const time = new FakeTime();
  const opened = await FolderStore.open({
    folder: "mesh",
    files,
    clock: time,
    timers: time,
    log: SILENT_LOG,
  });
  expect(opened).toEqual({ kind: "failed", reason: "ENOENT: no such file or directory" });
  expect(files.watcherCount).toBe(0);
});

test("a file that comes, changes, is renamed and goes makes one event each, with nothing else in it", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("b.yaml", `${rule("b")}---\n${rule("c")}`);
  await folder.pass(200);
  folder.files.write("b.yaml", `${rule("b")}---\n${rule("c", "other")}`);
  await folder.pass(200);
  folder.files.rename("b.yaml", "z.yaml");
  await folder.pass(200);
  folder.files.remove("z.yaml");
  await folder.pass(200);
  expect(folder.events).toEqual(["added b, added c", "updated c", "removed b, removed c"]);
  expect(folder.hosts).toBe("a=a");
});

test("an edit that changes no object makes no event, and positions follow the text", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  const [before] = folder.store.list();
  folder.files.write("a.yaml", `# a comment\n\n${rule("a")}`);
  await folder.pass(200);
  expect(folder.events).toEqual([]);
  expect(folder.store.list()[0]).toBe(before);
  expect(before?.positionOf(["spec", "host"])).toEqual({ file: "mesh/a.yaml", line: 7, column: 3 });
});

test("whoever holds an older version sees where the object stands now", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  const [older] = folder.store.list();
  folder.files.write("a.yaml", `\n\n${rule("a", "new")}`);
  await folder.pass(200);
  expect(folder.store.list()[0]).not.toBe(older);
  expect(older?.source.line).toBe(3);
});

test("documents that did not change are not the reason for an update of others", async () => {
  const folder = await Folder.open({ "a.yaml": `${rule("a")}---\n${rule("b")}---\n${rule("c")}` });
  const before = folder.store.list();
  folder.files.write("a.yaml", `${rule("a")}---\n${rule("b", "x")}---\n${rule("c")}`);
  await folder.pass(200);
  const after = folder.store.list();
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[0]).toBe(before[0]);
  expect(folder.events).toEqual(["updated b"]);
});

test("only files whose stamp changed are read again", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a"), "b.yaml": rule("b") });
  folder.files.write("b.yaml", rule("b", "x"));
  await folder.pass(500);
  expect(folder.files.reads.get("a.yaml")).toBe(1);
  expect(folder.files.reads.get("b.yaml")).toBe(2);
});

test("a file that is written in pieces is read when it is whole", async () => {
  const folder = await Folder.open({});
  const text = `${rule("a")}---\n${rule("b")}`;
  for (let end = 20; end < text.length; end += 20) {
    folder.files.write("a.yaml", text.slice(0, end));
    await folder.pass(30);
  }
  folder.files.write("a.yaml", text);
  await folder.pass(200);
  expect(folder.events).toEqual(["added a, added b"]);
  expect(folder.problems).toEqual([]);
});

test("a file that never rests is read all the same", async () => {
  const folder = await Folder.open({});
  for (let i = 0; i * 30 < MAX_SETTLE_MS + 200; i += 1) {
    folder.files.write("a.yaml", rule("a", `h${i}`));
    await folder.pass(30);
  }
  expect(folder.events.length).toBeGreaterThan(0);
});

test("a file that is emptied before it is written loses no object", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("a.yaml", "");
  await folder.pass(EMPTY_SETTLE_MS - 100);
  folder.files.write("a.yaml", rule("a", "new"));
  await folder.pass(200);
  expect(folder.events).toEqual(["updated a"]);
});

test("a file that stays empty gives its objects up", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("a.yaml", "");
  await folder.pass(EMPTY_SETTLE_MS + 200);
  expect(folder.events).toEqual(["removed a"]);
});

test("a file that is deleted and made anew loses no object", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.remove("a.yaml");
  await folder.pass(20);
  folder.files.write("a.yaml", rule("a"));
  await folder.pass(200);
  expect(folder.events).toEqual([]);
});

test("a wrong document keeps its last good version while the rest of its file is served", async () => {
  const folder = await Folder.open({ "a.yaml": `${rule("a")}---\n${rule("b")}` });
  folder.files.write(
    "a.yaml",
    `${rule("a", "new")}---\n${rule("b").replace("host", "hots")}---\n${rule("c")}`,
  );
  await folder.pass(200);
  expect(folder.hosts).toBe("a=new b=b c=c");
  expect(folder.problems).toEqual([
    'mesh/a.yaml:11:3: DestinationRule default/b: spec.hots: unknown field: did you mean "host"?',
  ]);
  folder.files.write("a.yaml", `${rule("a", "new")}---\n${rule("b", "mended")}---\n${rule("c")}`);
  await folder.pass(200);
  expect(folder.hosts).toBe("a=new b=mended c=c");
  expect(folder.problems).toEqual([]);
});

test("a wrong document that was never right is not served", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a").replace("host", "hots") });
  expect(folder.hosts).toBe("");
  expect(folder.problems).toHaveLength(1);
});

test("a file that is not YAML any more keeps everything it gave, until it is mended or goes", async () => {
  const folder = await Folder.open({
    "a.yaml": `${rule("a")}---\n${rule("b")}`,
    "b.yaml": rule("c"),
  });
  folder.files.write("a.yaml", BROKEN);
  await folder.pass(200);
  expect(folder.hosts).toBe("a=a b=b c=c");
  expect(folder.problems).toHaveLength(1);
  folder.files.write("a.yaml", rule("b", "mended"));
  await folder.pass(200);
  expect(folder.hosts).toBe("b=mended c=c");
  expect(folder.problems).toEqual([]);
  folder.files.write("a.yaml", BROKEN);
  await folder.pass(200);
  folder.files.remove("a.yaml");
  await folder.pass(200);
  expect(folder.hosts).toBe("c=c");
  expect(folder.problems).toEqual([]);
});

test("a problem that comes or goes without an object is told with an empty change", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("b.yaml", BROKEN);
  await folder.pass(200);
  folder.files.remove("b.yaml");
  await folder.pass(200);
  expect(folder.events).toEqual(["", ""]);
});

test("of two objects of one name the first by path stands, and the other when the first goes", async () => {
  const folder = await Folder.open({ "a.yaml": rule("x", "one"), "b.yaml": rule("x", "two") });
  expect(folder.hosts).toBe("x=one");
  expect(folder.problems).toEqual([
    "mesh/b.yaml:1:1: DestinationRule default/x: metadata.name: is defined at mesh/a.yaml:1 already: this one is not used; rename or remove one of them",
  ]);
  folder.files.remove("a.yaml");
  await folder.pass(200);
  expect(folder.hosts).toBe("x=two");
  expect(folder.store.list()[0]?.source.file).toBe("mesh/b.yaml");
  expect(folder.problems).toEqual([]);
  folder.files.write("a.yaml", rule("x", "one"));
  await folder.pass(200);
  expect(folder.store.list()[0]?.source.file).toBe("mesh/a.yaml");
  folder.files.remove("a.yaml");
  await folder.pass(200);
  expect(folder.store.list()[0]?.source.file).toBe("mesh/b.yaml");
});

test("a file that cannot be read keeps what it gave, and is read again when it can be", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.unreadable.set("a.yaml", "EACCES: permission denied");
  folder.files.write("a.yaml", rule("a", "new"));
  await folder.pass(200);
  expect(folder.hosts).toBe("a=a");
  expect(folder.problems).toEqual([
    "mesh/a.yaml:1:1: Cannot read the file: EACCES: permission denied",
  ]);
  folder.files.unreadable.clear();
  folder.files.changed();
  await folder.pass(200);
  expect(folder.hosts).toBe("a=new");
  expect(folder.problems).toEqual([]);
});

test("a folder that is away keeps everything, and says so until it is back", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.folderFailure = "ENOENT";
  folder.files.changed();
  await folder.pass(200);
  expect(folder.hosts).toBe("a=a");
  expect(folder.problems).toEqual([
    "mesh:1:1: Cannot read the folder: ENOENT; what was read last stays",
  ]);
  folder.files.folderFailure = undefined;
  folder.files.changed();
  await folder.pass(200);
  expect(folder.problems).toEqual([]);
});

test("bytes that are no text, and too many of them, are refused with the reason", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("a.yaml", new Uint8Array([0xff, 0xfe, 0x00]));
  await folder.pass(200);
  expect(folder.problems).toEqual(["mesh/a.yaml:1:1: Cannot read the file: it is not UTF-8 text"]);
  folder.files.write("a.yaml", new Uint8Array(MAX_FILE_BYTES + 1));
  await folder.pass(200);
  expect(folder.problems[0]).toContain(`it has ${MAX_FILE_BYTES + 1} bytes`);
  expect(folder.hosts).toBe("a=a");
});

test(".sampanignore takes files and folders out, and puts them back when it changes", async () => {
  const folder = await Folder.open({
    ".sampanignore": "# not yet\ntasks/\n./draft.yaml # soon\n",
    "a.yaml": rule("a"),
    "draft.yaml": rule("b"),
    "tasks/c.yaml": rule("c"),
    "tasks2/d.yaml": rule("d"),
  });
  expect(folder.hosts).toBe("a=a d=d");
  folder.files.write(".sampanignore", "");
  await folder.pass(200);
  expect(folder.hosts).toBe("a=a b=b c=c d=d");
});

test("a hundred files at once are one event", async () => {
  const folder = await Folder.open({});
  for (let i = 0; i < 100; i += 1) folder.files.write(`${i}.yaml`, rule(`r${i}`));
  await folder.pass(500);
  expect(folder.events).toHaveLength(1);
  expect(folder.store.list()).toHaveLength(100);
});

test("an order that changes is an update: the oldest wins, and who is oldest may be another", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a"), "b.yaml": rule("b") });
  folder.files.rename("a.yaml", "c.yaml");
  await folder.pass(200);
  expect(folder.hosts).toBe("b=b a=a");
  expect(folder.events).toEqual(["updated b, updated a"]);
});

test("after close nothing is looked at, and no timer is left", async () => {
  const folder = await Folder.open({ "a.yaml": rule("a") });
  folder.files.write("a.yaml", rule("a", "new"));
  folder.store.close();
  folder.files.write("a.yaml", rule("a", "newer"));
  await folder.pass(300);
  expect(folder.hosts).toBe("a=a");
  expect(folder.time.timerCount).toBe(0);
  expect(folder.files.watcherCount).toBe(0);
});

test("under any edits the store comes to hold what the folder says, and its events tell it", async () => {
  const path = fc.constantFrom("a.yaml", "b.yaml", "c/d.yml");
  const names = fc.uniqueArray(fc.constantFrom("p", "q", "r", "s"), { maxLength: 3 });
  const host = fc.constantFrom("h1", "h2");
  const edit = fc.oneof(
    fc.record({ do: fc.constant("write" as const), path, names, host }),
    fc.record({ do: fc.constant("break" as const), path }),
    fc.record({ do: fc.constant("remove" as const), path }),
    fc.record({ do: fc.constant("rename" as const), path, to: path }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(10, 40, 120, 1500) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 14 }), async (edits) => {
      const folder = await Folder.open({});
      const told = new Map<string, string>();
      folder.store.onChange((changes) => {
        for (const { kind, object } of changes) {
          if (kind === "removed") told.delete(objectKey(object));
          else told.set(objectKey(object), object.hash);
        }
      });
      for (const step of edits) {
        if (step.do === "write")
          folder.files.write(
            step.path,
            step.names.map((name) => rule(name, step.host)).join("---\n"),
          );
        else if (step.do === "break")
          folder.files.write(step.path, `${folder.files.text(step.path) ?? ""}---\n${BROKEN}`);
        else if (step.do === "remove") folder.files.remove(step.path);
        else if (step.do === "rename") folder.files.rename(step.path, step.to);
        else await folder.pass(step.ms);
      }
      for (const broken of folder.files.paths) {
        const text = folder.files.text(broken) ?? "";
        folder.files.write(broken, text.replaceAll(`---\n${BROKEN}`, ""));
      }
      await folder.pass(MAX_SETTLE_MS + 200);
      const content = Object.fromEntries(
        folder.files.paths.map((p) => [p, folder.files.text(p) ?? ""]),
      );
      const fresh = await Folder.open(content);
      const view = (f: Folder): unknown =>
        f.store.list().map((o) => [objectKey(o), o.hash, o.source]);
      expect(view(folder)).toEqual(view(fresh));
      expect(folder.problems).toEqual(fresh.problems);
      const held = folder.store
        .list()
        .map((object): [string, string] => [objectKey(object), object.hash]);
      expect(new Map([...told].sort())).toEqual(new Map(held.sort()));
      folder.store.close();
      fresh.store.close();
    }),
    { numRuns: 60 },
  );
});
