// The machine port on this machine.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { systemMachine } from "./machine.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-machine-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it says what it is", () => {
  expect(systemMachine).toMatchObject({
    platform: process.platform,
    hostname: hostname(),
    userId: process.geteuid?.(),
    runtimeVersion: Bun.version,
  });
  expect(systemMachine.cpuCount).toBeGreaterThan(0);
  expect(systemMachine.memoryBytes).toBeGreaterThan(1024 ** 2);
});

describe("readText", () => {
  test("a file, one that is packed, and one that is long", () => {
    writeFileSync(join(folder, "a"), "text\n");
    writeFileSync(join(folder, "b.gz"), Bun.gzipSync("CONFIG_X=y\n"));
    writeFileSync(join(folder, "long"), "x".repeat(3 * 1024 ** 2));
    expect(systemMachine.readText(join(folder, "a"))).toEqual({ kind: "read", text: "text\n" });
    expect(systemMachine.readText(join(folder, "b.gz"))).toMatchObject({ text: "CONFIG_X=y\n" });
    const long = systemMachine.readText(join(folder, "long"));
    expect(long.kind === "read" && long.text.length).toBe(1024 ** 2);
  });

  test("what is not there, no file, and no archive are values, not exceptions", () => {
    writeFileSync(join(folder, "odd.gz"), "not packed");
    // A bomb: 64 MiB of zeros.
    writeFileSync(join(folder, "bomb.gz"), Bun.gzipSync(new Uint8Array(64 * 1024 ** 2)));
    expect(systemMachine.readText(join(folder, "none"))).toEqual({ kind: "missing" });
    expect(systemMachine.readText(folder)).toEqual({ kind: "failed", code: "EISDIR" });
    expect(systemMachine.readText(join(folder, "odd.gz")).kind).toBe("failed");
    expect(systemMachine.readText(join(folder, "bomb.gz")).kind).toBe("failed");
  });
});

describe("what a configuration may name, and is no file", () => {
  const NO_FILE = "no regular file";

  test("a pipe that nobody writes to, and a device without end, are told at once", () => {
    const pipe = join(folder, "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    for (const path of [pipe, "/dev/zero"]) {
      expect(systemMachine.readText(path)).toEqual({ kind: "failed", code: NO_FILE });
      expect(systemMachine.readCertificates(path)).toEqual({ kind: "failed", reason: NO_FILE });
    }
  });

  test("files of the kernel have no size, and are read all the same", () => {
    const limits = systemMachine.readText("/proc/self/limits");
    expect(limits.kind === "read" && limits.text).toContain("Max open files");
  });

  test("of a file without end no more than a part is read", () => {
    const path = join(folder, "sparse");
    writeFileSync(path, "");
    truncateSync(path, 64 * 1024 ** 3); // takes no room on the disk
    const reading = systemMachine.readText(path);
    expect(reading.kind === "read" && reading.text.length).toBe(1024 ** 2);
  });
});

test("inspect tells what is there, through links, with its mode", () => {
  mkdirSync(join(folder, "dir"), { mode: 0o750 });
  writeFileSync(join(folder, "file"), "", { mode: 0o640 });
  symlinkSync("dir", join(folder, "link"));
  const own = { ownerId: process.geteuid?.() };
  expect(systemMachine.inspect(join(folder, "dir"))).toMatchObject({
    ...own,
    kind: "folder",
    mode: 0o750,
  });
  expect(systemMachine.inspect(join(folder, "link"))).toMatchObject({ kind: "folder" });
  expect(systemMachine.inspect(join(folder, "file"))).toMatchObject({
    ...own,
    kind: "file",
    mode: 0o640,
    isWritable: true,
    isExecutable: false,
  });
  expect(systemMachine.inspect(join(folder, "none"))).toEqual({ kind: "missing" });
  expect(systemMachine.inspect(join(folder, "file", "below"))).toEqual({ kind: "missing" });
});

test("list and freeBytes", () => {
  writeFileSync(join(folder, "listed"), "");
  expect(systemMachine.list(folder)).toContain("listed");
  expect(systemMachine.list(join(folder, "none"))).toBeUndefined();
  expect(systemMachine.freeBytes(folder)).toBeGreaterThan(0);
  expect(systemMachine.freeBytes(join(folder, "none"))).toBeUndefined();
});

describe("readCertificates", () => {
  test("what holds none is a reason", () => {
    writeFileSync(join(folder, "text.pem"), "hello");
    writeFileSync(
      join(folder, "odd.pem"),
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    expect(systemMachine.readCertificates(join(folder, "none.pem"))).toEqual({ kind: "missing" });
    expect(systemMachine.readCertificates(join(folder, "text.pem"))).toEqual({
      kind: "failed",
      reason: "it holds no PEM certificate",
    });
    expect(systemMachine.readCertificates(join(folder, "odd.pem")).kind).toBe("failed");
  });

  test.skipIf(Bun.which("openssl") === null)("a chain, each with its days (needs openssl)", () => {
    const make = (name: string, days: number): string => {
      const file = join(folder, `${name}.pem`);
      const subject = ["-subj", `/CN=${name}`];
      const files = ["-keyout", join(folder, "key"), "-out", file];
      const made = Bun.spawnSync([
        ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", String(days)],
        ...subject,
        ...files,
      ]);
      expect(made.exitCode).toBe(0);
      return file;
    };
    const files = [make("leaf", 10), make("root", 100)];
    const both = join(folder, "chain.pem");
    Bun.spawnSync(["sh", "-c", `cat ${files.join(" ")} > ${both}`]);
    const reading = systemMachine.readCertificates(both);
    expect(reading.kind === "read" && reading.certificates.map(({ subject }) => subject)).toEqual([
      "CN=leaf",
      "CN=root",
    ]);
    const days =
      reading.kind === "read" &&
      reading.certificates.map(
        ({ notBeforeMs, notAfterMs }) => (notAfterMs - notBeforeMs) / 86_400_000,
      );
    expect(days).toEqual([10, 100]);
  });
});
