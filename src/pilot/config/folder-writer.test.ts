// Writing into a folder: where an object stands, and nothing around it.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { textOf } from "./edit-file.ts";
import { PlacedObject } from "./placed-object.ts";
import { type FakeFolder, openFakeFolder } from "./testing/open-fake-folder.ts";

const HEAD = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n";
const rule = (name: string, host = name): string =>
  `${HEAD}metadata: { name: ${name} }\nspec:\n  host: ${host}\n`;
const key = (name: string): string => `DestinationRule/default/${name}`;

const put = (folder: FakeFolder, text: string, style: "text" | "merge" = "text") =>
  folder.store.put({ text, file: "sent", style });

const FILE = `# Copyright of the file

# about a
${HEAD}metadata:
  name: a # the first
spec:
  host: a # of a

# before b
---
# about b
${rule("b")}
---
${rule("c")}# the end
`;

test("an object is replaced where it stands; the rest of the file keeps its bytes", async () => {
  const folder = await openFakeFolder({ "all.yaml": FILE });
  expect((await put(folder, rule("b", "other"))).kind).toBe("configured");
  expect(folder.files.text("all.yaml")).toBe(
    FILE.replace(`# about b\n${rule("b")}`, rule("b", "other")),
  );
  await put(folder, rule("a", "other"));
  expect(folder.files.text("all.yaml")).toStartWith(
    `# Copyright of the file\n\n${rule("a", "other")}\n# before b\n---\n`,
  );
  expect(folder.files.paths).toEqual(["all.yaml"]);
});

test("what a program puts keeps the comments of fields that stay", async () => {
  const folder = await openFakeFolder({ "all.yaml": FILE });
  const value = JSON.stringify({
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: { name: "a", labels: { team: "shop" } },
    spec: { host: "a", subsets: [{ name: "v1", labels: { version: "v1" } }] },
  });
  expect((await put(folder, value, "merge")).kind).toBe("configured");
  const text = folder.files.text("all.yaml") ?? "";
  expect(text).toContain("name: a # the first\n");
  expect(text).toContain("host: a # of a\n");
  expect(text).toContain("      - name: v1\n".slice(2));
  expect(text).toEndWith(FILE.slice(FILE.indexOf("# before b")));
});

test("what a program puts may say its fields in another order", async () => {
  const folder = await openFakeFolder({
    "a.yaml": `${HEAD}metadata: { name: a }\nspec:\n  subsets:\n    - labels: { v: "1" } # one\n      name: v1\n  host: a\n`,
  });
  const value = (host: string): string =>
    JSON.stringify({
      metadata: { annotations: { note: "x\n" }, name: "a" },
      kind: "DestinationRule",
      apiVersion: "networking.istio.io/v1",
      spec: { host, subsets: [{ name: "v1", labels: { v: "1" } }] },
    });
  expect(await put(folder, value("b"), "merge")).toMatchObject({ kind: "configured" });
  expect(folder.files.text("a.yaml")).toContain('{ v: "1" } # one\n');
  const [object] = folder.store.list();
  expect(await put(folder, value("b"), "merge")).toEqual({
    kind: "unchanged",
    object: object as NonNullable<typeof object>,
    warnings: [],
  });
});

test("empty lines that a value keeps are kept", async () => {
  const kept = (host: string): string =>
    `${HEAD}spec:\n  host: ${host}\nmetadata:\n  name: a\n  annotations:\n    note: |+\n      text\n\n\n`;
  const folder = await openFakeFolder({ "a.yaml": `${kept("a")}# own\n---\n${rule("b")}` });
  expect((await put(folder, kept("x"))).kind).toBe("configured");
  expect(folder.files.text("a.yaml")).toBe(`${kept("x")}# own\n---\n${rule("b")}`);
  const [object] = folder.store.list();
  expect(object instanceof PlacedObject ? textOf(object) : "").toBe(kept("x"));
  await folder.store.remove(key("a"));
  await put(folder, kept("y"));
  expect(folder.files.text("destinationrule.default.a.yaml")).toBe(kept("y"));
});

test("a removed document leaves the others as they are, and comments that stand for themselves", async () => {
  const folder = await openFakeFolder({ "all.yaml": FILE });
  await folder.store.remove(key("b"));
  expect(folder.files.text("all.yaml")).toBe(FILE.replace(`---\n# about b\n${rule("b")}\n`, ""));
  await folder.store.remove(key("a"));
  expect(folder.files.text("all.yaml")).toBe(
    `# Copyright of the file\n\n\n# before b\n---\n${rule("c")}# the end\n`,
  );
});

test("with its last document a file goes", async () => {
  const folder = await openFakeFolder({ "a.yaml": `# of a\n\n${rule("a")}` });
  expect((await folder.store.remove(key("a"))).kind).toBe("removed");
  expect(folder.files.paths).toEqual([]);
});

test("a new object gets a file of its own, named after it", async () => {
  const folder = await openFakeFolder({});
  await put(folder, `---\n# why\n${rule("a")}`);
  expect(folder.files.paths).toEqual(["destinationrule.default.a.yaml"]);
  expect(folder.files.text("destinationrule.default.a.yaml")).toBe(`# why\n${rule("a")}`);
});

test("a file of that name that holds something else is added to", async () => {
  const path = "destinationrule.default.a.yaml";
  const folder = await openFakeFolder({ [path]: rule("b").trimEnd() });
  await put(folder, rule("a"));
  expect(folder.files.text(path)).toBe(`${rule("b")}---\n${rule("a")}`);
});

test("an item of a List is replaced and removed in it", async () => {
  const item = (name: string): string =>
    `- apiVersion: networking.istio.io/v1\n  kind: DestinationRule\n  metadata: { name: ${name} } # ${name}\n  spec: { host: ${name} }\n`;
  const folder = await openFakeFolder({
    "list.yaml": `apiVersion: v1\nkind: List\nitems:\n${item("a")}${item("b")}`,
  });
  await put(folder, rule("a", "other"));
  expect(folder.files.text("list.yaml")).toContain("# b");
  expect(
    folder.store
      .list()
      .map((each) => JSON.stringify(each.spec))
      .join(),
  ).toContain("other");
  await folder.store.remove(key("a"));
  expect(folder.store.list().map(({ name }) => name)).toEqual(["b"]);
  await folder.store.remove(key("b"));
  expect(folder.files.paths).toEqual([]);
});

test("a wrong document that never was in force is mended where it stands", async () => {
  const folder = await openFakeFolder({ "a.yaml": `# why\n${rule("a", "7")}---\n${rule("b")}` });
  expect(folder.store.problems()).toHaveLength(1);
  expect((await put(folder, rule("a"))).kind).toBe("created");
  expect(folder.files.text("a.yaml")).toBe(`${rule("a")}---\n${rule("b")}`);
  expect(folder.store.problems()).toEqual([]);
});

test.each([
  ["a syntax error", `${rule("a")}---\nkind: [broken\n`, "must be mended first"],
  ["directives", `%YAML 1.2\n---\n${rule("a")}`, "edit it by hand"],
])("a file with %s is not written", async (_case, text, words) => {
  const folder = await openFakeFolder({ "a.yaml": text });
  const outcome = await put(folder, rule("a", "other"));
  expect(outcome).toMatchObject({ kind: "failed" });
  expect(JSON.stringify(outcome)).toContain(words);
  expect(JSON.stringify(await folder.store.remove(key("a")))).toContain(words);
  expect(folder.files.text("a.yaml")).toBe(text);
});

test("what was edited since it was read is not written over", async () => {
  const folder = await openFakeFolder({ "a.yaml": rule("a") });
  folder.files.write("a.yaml", `# edited\n${rule("a", "mine")}`);
  expect(JSON.stringify(await put(folder, rule("a", "yours")))).toContain("just edited");
  expect(folder.files.text("a.yaml")).toContain("mine");
});

test("an object that is written twice is not removed, because the other would come into force", async () => {
  const folder = await openFakeFolder({ "a.yaml": rule("a"), "b.yaml": rule("a", "other") });
  const outcome = await folder.store.remove(key("a"));
  expect(outcome).toMatchObject({ kind: "failed" });
  expect(JSON.stringify(outcome)).toContain("mesh/b.yaml: defines it too");
});

test("what the disk refuses is said, and nothing is changed", async () => {
  const folder = await openFakeFolder({ "a.yaml": rule("a") });
  folder.files.writeFailure = "ENOSPC";
  expect(await put(folder, rule("a", "other"))).toEqual({
    kind: "failed",
    reason: "Cannot change mesh/a.yaml: ENOSPC",
  });
  expect(JSON.stringify(folder.store.list()[0]?.spec)).toContain('"host":"a"');
});

test("the text for an editor is the author's own, without what is around it", async () => {
  const folder = await openFakeFolder({ "all.yaml": FILE });
  const texts = folder.store
    .list()
    .map((object) => (object instanceof PlacedObject ? textOf(object) : ""));
  expect(texts).toEqual([
    `# about a\n${HEAD}metadata:\n  name: a # the first\nspec:\n  host: a # of a\n`,
    `# about b\n${rule("b")}`,
    rule("c"),
  ]);
});

test("any sequence of writes gives what a map of objects would, and keeps every other comment", async () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e");
  const action = fc.record({
    name,
    host: fc.constantFrom("x", "y", "z"),
    does: fc.constantFrom("text", "merge", "remove"),
  });
  const comments = ["# head\n\n", "", "# mine\n"];
  const file = fc.array(
    fc.record({
      name,
      lead: fc.constantFrom(...comments),
      trail: fc.constantFrom("", "# own\n", "\n# own\n"),
    }),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(file, file),
      fc.array(action, { maxLength: 12 }),
      async (files, actions) => {
        const content: Record<string, string> = {};
        const model = new Map<string, string>();
        for (const [i, documents] of files.entries()) {
          const texts: string[] = [];
          for (const each of documents) {
            if (model.has(each.name)) continue;
            model.set(each.name, each.name);
            texts.push(`${each.lead}${rule(each.name)}# margin of ${each.name}\n${each.trail}`);
          }
          if (texts.length > 0) content[`f${i}.yaml`] = texts.join("---\n");
        }
        const folder = await openFakeFolder(content);
        const untouched = new Set(model.keys());
        for (const { name: each, host, does } of actions) {
          untouched.delete(each);
          if (does === "remove") {
            await folder.store.remove(key(each));
            model.delete(each);
          } else {
            await put(folder, rule(each, host), does);
            model.set(each, host);
          }
        }
        const found = folder.store
          .list()
          .map((object) => [object.name, "host" in object.spec ? object.spec.host : ""]);
        expect(new Map(found as [string, string][])).toEqual(model);
        expect(folder.store.problems()).toEqual([]);
        const all = folder.files.paths.map((path) => folder.files.text(path)).join("\n");
        for (const each of untouched) expect(all).toContain(`${rule(each)}# margin of ${each}\n`);
      },
    ),
    { numRuns: 150 },
  );
});
