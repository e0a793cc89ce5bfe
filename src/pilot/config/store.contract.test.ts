// What every configuration store promises about writing, held against each of them.
import { expect, test } from "bun:test";
import { type ConfigObject, objectKey } from "../model/object.ts";
import { MemoryStore } from "./memory-store.ts";
import { versionOf } from "./object-document.ts";
import type { ConfigStore, PutRequest } from "./store.ts";
import { openFakeFolder } from "./testing/open-fake-folder.ts";

function rule(name: string, host = name): string {
  return `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: ${name} }\nspec:\n  host: ${host}\n`;
}

const put = (text: string, more: Partial<PutRequest> = {}): PutRequest => ({
  text,
  file: "sent.yaml",
  style: "text",
  ...more,
});

const shown = (objects: readonly ConfigObject[]): string[] =>
  objects.map((object) =>
    object.kind === "DestinationRule" && "host" in object.spec
      ? `${object.name}=${object.spec.host}`
      : object.name,
  );

const STORES: readonly (readonly [string, () => Promise<ConfigStore>])[] = [
  ["MemoryStore", async () => new MemoryStore()],
  ["FolderStore", async () => (await openFakeFolder()).store],
];

for (const [name, make] of STORES) {
  test(`${name}: what is put is listed at once, and listeners hear of it`, async () => {
    const store = await make();
    const heard: string[] = [];
    store.onChange((changes) => {
      heard.push(...changes.map(({ kind, object }) => `${kind} ${object.name}`));
    });
    expect((await store.put(put(rule("a")))).kind).toBe("created");
    expect((await store.put(put(rule("a", "b")))).kind).toBe("configured");
    expect(shown(store.list())).toEqual(["a=b"]);
    expect((await store.remove("DestinationRule/default/a")).kind).toBe("removed");
    expect(store.list()).toEqual([]);
    expect(heard).toEqual(["added a", "updated a", "removed a"]);
  });

  test(`${name}: the same again changes nothing, and the object stays itself`, async () => {
    const store = await make();
    await store.put(put(rule("a")));
    const [before] = store.list();
    const outcome = await store.put(put(rule("a")));
    expect(outcome.kind).toBe("unchanged");
    expect(store.list()[0] === before).toBe(true);
  });

  test(`${name}: what is wrong is refused with its place in the text that was sent`, async () => {
    const store = await make();
    const outcome = await store.put(put(rule("a", "7")));
    expect(outcome).toMatchObject({
      kind: "invalid",
      problems: [{ source: { file: "sent.yaml", line: 5 }, field: "spec.host" }],
    });
    expect(store.list()).toEqual([]);
  });

  test.each([
    ["nothing", "# only a comment\n"],
    ["two objects", `${rule("a")}---\n${rule("b")}`],
    ["no YAML", "kind: [\n"],
    ["a kind that is not served", "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n"],
  ])(`${name}: %s is refused`, async (_case, text) => {
    const store = await make();
    const outcome = await store.put(put(text));
    expect(outcome).toMatchObject({ kind: "invalid", problems: [{ severity: "error" }] });
  });

  test(`${name}: conditions hold`, async () => {
    const store = await make();
    const present = put(rule("a"), { condition: { mustBe: "present" } });
    expect((await store.put(present)).kind).toBe("missing");
    await store.put(put(rule("a")));
    const absent = put(rule("a", "b"), { condition: { mustBe: "absent" } });
    expect((await store.put(absent)).kind).toBe("exists");
    expect((await store.remove("DestinationRule/default/b")).kind).toBe("missing");
    expect(shown(store.list())).toEqual(["a=a"]);
  });

  test(`${name}: who has seen an older version writes nothing, nor removes`, async () => {
    const store = await make();
    await store.put(put(rule("a")));
    const [first] = store.list();
    const version = first === undefined ? "" : versionOf(first);
    const seen = { condition: { version } };
    expect((await store.put(put(rule("a", "b"), seen))).kind).toBe("configured");
    expect((await store.put(put(rule("a", "c"), seen))).kind).toBe("conflict");
    expect((await store.remove("DestinationRule/default/a", { version })).kind).toBe("conflict");
    expect(shown(store.list())).toEqual(["a=b"]);
  });

  test(`${name}: a dry run answers as the real one would and changes nothing`, async () => {
    const store = await make();
    const dry = { isDryRun: true };
    expect((await store.put(put(rule("a"), dry))).kind).toBe("created");
    expect(store.list()).toEqual([]);
    await store.put(put(rule("a")));
    const outcome = await store.put(put(rule("a", "b"), dry));
    expect(outcome).toMatchObject({ kind: "configured", object: { spec: { host: "b" } } });
    expect((await store.put(put(rule("a", "7"), dry))).kind).toBe("invalid");
    expect((await store.remove("DestinationRule/default/a", {}, true)).kind).toBe("removed");
    expect(shown(store.list())).toEqual(["a=a"]);
  });

  test(`${name}: writes that come together happen one after another`, async () => {
    const store = await make();
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((each) => store.put(put(rule(each)))));
    expect(store.list().map(objectKey).sort()).toEqual(
      names.map((each) => `DestinationRule/default/${each}`),
    );
    const outcomes = await Promise.all(
      names.map((host) => store.put(put(rule("e", host), { condition: { mustBe: "absent" } }))),
    );
    expect(outcomes.filter(({ kind }) => kind === "created")).toHaveLength(1);
  });
}
