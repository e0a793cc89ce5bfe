// The record and the logs that a mesh writes while its parts come and go.
import { expect, test } from "bun:test";
import type { RunFolder } from "#base/run-folder.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { type MeshRecord, parseMeshRecord } from "./run-directory.ts";
import { RunRecorder } from "./run-recorder.ts";

class FakeFolder implements RunFolder {
  readonly path = "/run";
  readonly files = new Map<string, string>();
  readonly logs = new Map<string, string[]>();
  writeCount = 0;

  write(name: string, text: string): string {
    this.writeCount += 1;
    this.files.set(name, text);
    return `/run/${name}`;
  }

  openLog(name: string): { write(line: string): void; close(): void } {
    const lines: string[] = [];
    this.logs.set(name, lines);
    return { write: (line) => void lines.push(line), close() {} };
  }

  remove(): void {}
}

function setUp(): {
  folder: FakeFolder;
  time: FakeTime;
  recorder: RunRecorder;
  record(): MeshRecord;
} {
  const folder = new FakeFolder();
  const time = new FakeTime();
  const recorder = new RunRecorder(
    { clock: time, timers: time, folder },
    {
      pid: 7,
      pidStart: "1",
      directory: "/shop",
      dataPlane: "sampan",
      xds: "127.0.0.1:15010",
      http: "127.0.0.1:15014",
    },
  );
  const record = (): MeshRecord => {
    time.advance(50);
    const read = parseMeshRecord(folder.files.get("mesh.json") ?? "");
    if (read === undefined) throw new Error("no record that can be read");
    return read;
  };
  return { folder, time, recorder, record };
}

const SHOP = {
  name: "shop-1",
  kind: "instance",
  namespace: "default",
  address: "127.0.1.2",
} as const;

test("the record is there from the beginning, and follows what a part does", () => {
  const { recorder, record } = setUp();
  expect(record()).toMatchObject({ pid: 7, startedAt: "2026-01-02T03:04:05.000Z", parts: [] });
  const part = recorder.open(SHOP);
  part.health("starting");
  part.started(101);
  const running = { ...SHOP, pid: 101, health: "starting", log: "logs/shop-1.log" };
  expect(record().parts).toEqual([running]);
  part.health("healthy");
  part.ended();
  expect(record().parts).toEqual([{ ...SHOP, health: "healthy", log: "logs/shop-1.log" }]);
  part.close();
  part.ended();
  part.health("unhealthy");
  expect(record().parts).toEqual([]);
});

test("what comes together is written once", () => {
  const { folder, recorder, time } = setUp();
  for (let i = 0; i < 100; i += 1) recorder.open({ ...SHOP, name: `shop-${i}` }).started(i);
  recorder.setUrls(["http://127.0.0.1:8080"]);
  time.advance(1_000);
  expect(folder.writeCount).toBe(2);
  expect(folder.files.get("mesh.json")).toContain("http://127.0.0.1:8080");
});

test("an instance and the one that takes its place: one log, and the new one in the record", () => {
  const { folder, recorder, record } = setUp();
  const old = recorder.open(SHOP);
  old.started(101);
  const next = recorder.open({ ...SHOP, address: "127.0.1.3" });
  next.started(102);
  expect(record().parts.map(({ pid, address }) => [pid, address])).toEqual([[102, "127.0.1.3"]]);
  old.line("bye", "stdout");
  next.line("hello", "stderr");
  old.close();
  expect(record().parts.map(({ pid }) => pid)).toEqual([102]);
  expect([...folder.logs]).toEqual([
    [
      "logs/shop-1.log",
      ["2026-01-02T03:04:05.050Z stdout F bye", "2026-01-02T03:04:05.050Z stderr F hello"],
    ],
  ]);
});

test("sidecars have logs of their own, and no name leads out of the folder", () => {
  const { folder, recorder } = setUp();
  for (const [name, kind] of [
    ["shop-1", "sidecar"],
    ["host", "hostSidecar"],
    ["../../etc/passwd", "gateway"],
    [".hidden", "instance"],
  ] as const) {
    recorder.open({ ...SHOP, name, kind }).line("x", "stdout");
  }
  expect([...folder.logs.keys()]).toEqual([
    "logs/shop-1.sidecar.log",
    "logs/host.sidecar.log",
    "logs/__.._etc_passwd.log",
    "logs/_hidden.log",
  ]);
});

test("a disk that is full takes nothing away from the mesh", () => {
  const { folder, recorder, time } = setUp();
  folder.write = () => {
    throw new Error("ENOSPC");
  };
  recorder.open(SHOP);
  time.advance(1_000);
});
