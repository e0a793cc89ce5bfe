// Records of meshes: read, refused, and held to the process that wrote them.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeRunDirectory, part, STATE_ENV } from "../testing/fake-run-directory.ts";
import { findMeshes, parseMeshRecord, parseStartTime, startTimeOf } from "./run-directory.ts";

const RECORD = {
  apiVersion: "sampan.dev/v1",
  kind: "Mesh",
  pid: 7,
  directory: "/d",
  xds: "127.0.0.1:1",
  http: "127.0.0.1:2",
};

describe("a record", () => {
  test("of the least that it must hold", () => {
    expect(parseMeshRecord(JSON.stringify(RECORD))).toMatchObject({ pid: 7, parts: [], urls: [] });
  });

  test.each([
    ["not JSON", "{"],
    ["null", "null"],
    ["another version", JSON.stringify({ ...RECORD, apiVersion: "sampan.dev/v2" })],
    ["a process that is none", JSON.stringify({ ...RECORD, pid: -7 })],
    ["no process", JSON.stringify({ ...RECORD, pid: undefined })],
    ["no address", JSON.stringify({ ...RECORD, http: 7 })],
  ])("that is none: %s", (_what, text) => {
    expect(parseMeshRecord(text)).toBeUndefined();
  });

  test("passes over parts that are none, and never leads out of its directory", () => {
    const parts = [
      part("a"),
      { ...part("b"), log: "../../.ssh/id" },
      { ...part("c"), kind: "x" },
      null,
    ];
    const record = parseMeshRecord(JSON.stringify({ ...RECORD, parts }));
    expect(record?.parts).toEqual([part("a")]);
  });

  test("whatever stands in the file, nothing is thrown", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read = parseMeshRecord(JSON.stringify({ ...RECORD, parts: value, urls: value }));
        expect(read?.pid).toBe(7);
      }),
    );
  });
});

test("the start of a process is read behind its name, whatever that holds", () => {
  const rest = ["S", ...Array.from({ length: 18 }, () => "0"), "1528358", "9"].join(" ");
  for (const name of ["bun", "a b", ") S 1 2", "(x)"]) {
    expect(parseStartTime(`12 (${name}) ${rest}`)).toBe("1528358");
  }
});

describe("meshes", () => {
  test("are found by name; those whose process is gone, or is another one, do not run", async () => {
    const files = new FakeRunDirectory();
    files.addMesh("15014", 7, [part("a")]);
    files.addMesh("16014", 8, []);
    files.endProcess(8);
    files.addMesh("17014", 9, []);
    files.startProcess(9, "9900"); // the id has been given to another process
    files.write("/state/sampan/meshes/18014/mesh.json", "{");
    files.write("/state/sampan/meshes/15014/logs/mesh.json", "not a record");
    const found = await findMeshes(files, STATE_ENV);
    expect(found.map(({ name, isRunning }) => [name, isRunning])).toEqual([
      ["15014", true],
      ["16014", false],
      ["17014", false],
    ]);
    expect(found[0]?.path).toBe("/state/sampan/meshes/15014");
  });

  test("are none where nothing ever ran", async () => {
    expect(await findMeshes(new FakeRunDirectory(), STATE_ENV)).toEqual([]);
  });

  test("are taken to run on a machine that does not tell of its processes", async () => {
    const files = new FakeRunDirectory();
    files.addMesh("15014", 7, []);
    files.endProcess(7);
    files.remove("/proc/self/stat");
    expect(await startTimeOf(files, 7)).toBe("");
    expect((await findMeshes(files, STATE_ENV))[0]?.isRunning).toBe(true);
  });
});
