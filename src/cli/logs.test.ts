// `sampan logs` over a run directory in memory that grows.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeTime } from "#base/testing/fake-time.ts";
import { parseLogLine } from "./logs/log-line.ts";
import { PartLog } from "./logs/part-log.ts";
import { runCommandLine } from "./program.ts";
import { FakeRunDirectory, part, STATE_ENV } from "./testing/fake-run-directory.ts";
import { fakeShell, type Ran, runFake } from "./testing/fake-shell.ts";

/** 2026-01-02T03:04:05Z is now. */
const at = (second: number, text: string, stream = "stdout"): string =>
  `2026-01-02T03:04:${String(second).padStart(2, "0")}.000Z ${stream} F ${text}`;

const PARTS = [
  part("pilot", { kind: "pilot" }),
  part("reviews-v1-1"),
  part("reviews-v1-1", { kind: "sidecar" }),
  part("reviews-v2-1"),
  part("ratings-v1-1"),
];

function meshWithLogs(): FakeRunDirectory {
  const files = new FakeRunDirectory();
  files.addMesh("15014", 7, PARTS);
  files.log("15014", "logs/reviews-v1-1.log", at(1, "one"), at(4, "four", "stderr"));
  files.log("15014", "logs/reviews-v1-1.sidecar.log", at(2, "two"));
  files.log("15014", "logs/reviews-v2-1.log", at(3, "three"));
  return files;
}

const logs = (files: FakeRunDirectory, ...args: readonly string[]): Promise<Ran> =>
  runFake(["logs", ...args], { files, env: STATE_ENV });

/** The time until `-f` looks again, and what it does then. */
async function look(time: FakeTime): Promise<void> {
  time.advance(200);
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
}

describe("sampan logs", () => {
  test("of all parts: in the order of time, each line behind its part's name", async () => {
    const { status, stdout, stderr } = await logs(meshWithLogs());
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      [
        "reviews-v1-1         one",
        "reviews-v1-1 sidecar two",
        "reviews-v2-1         three",
        "reviews-v1-1         four",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["one program, without its name", ["reviews-v1-1", "-c", "program"], "one\nfour\n"],
    [
      "the same with it",
      ["reviews-v1-1", "-c", "program", "--prefix"],
      "reviews-v1-1 one\nreviews-v1-1 four\n",
    ],
    ["several, without names", ["reviews-v1-1", "--no-prefix"], "one\ntwo\nfour\n"],
    [
      "every instance of a service",
      ["reviews", "-c", "program", "--no-prefix"],
      "one\nthree\nfour\n",
    ],
    ["only sidecars", ["-c", "sidecar"], "two\n"],
    ["the last line of each", ["reviews", "--no-prefix", "--tail", "1"], "two\nthree\nfour\n"],
    ["of the last two seconds", ["--since", "2s", "--no-prefix"], "three\nfour\n"],
    ["with moments", ["reviews-v2-1", "--timestamps"], "2026-01-02T03:04:03.000Z three\n"],
    ["nothing printed yet", ["pilot"], ""],
  ])("%s", async (_what, args, expected) => {
    expect(await logs(meshWithLogs(), ...args)).toEqual({
      status: 0,
      stdout: expected,
      stderr: "",
    });
  });

  test("-o json: an object a line, with everything in it", async () => {
    const { stdout } = await logs(
      meshWithLogs(),
      "reviews-v1-1",
      "-o",
      "json",
      "--tail",
      "1",
      "-c",
      "program",
    );
    expect(JSON.parse(stdout)).toEqual({
      time: "2026-01-02T03:04:04.000Z",
      part: "reviews-v1-1",
      kind: "instance",
      stream: "stderr",
      message: "four",
    });
  });

  test.each([
    [["reviws-v1-1"], 'No part "reviws-v1-1" in this mesh: did you mean reviews-v1-1?'],
    [
      ["zzz"],
      'No part "zzz" in this mesh: there are pilot, reviews-v1-1, reviews-v2-1, ratings-v1-1',
    ],
    [["pilot", "-c", "sidecar"], "pilot has no sidecar"],
    [["--mesh", "15015"], 'No mesh "15015" runs on this machine: did you mean 15014?'],
  ])("%p", async (args, message) => {
    const ran = await logs(meshWithLogs(), ...args);
    expect(ran).toEqual({ status: 1, stdout: "", stderr: `sampan logs: ${message}\n` });
  });

  test.each([
    [[], "This mesh has no part yet: follow what comes with -f"],
    [["-c", "sidecar"], "This mesh has no sidecar yet: follow what comes with -f"],
  ])("of a mesh that has just begun: %p", async (args, message) => {
    const files = new FakeRunDirectory();
    files.addMesh("15014", 7, []);
    const ran = await logs(files, ...args);
    expect(ran).toEqual({ status: 1, stdout: "", stderr: `sampan logs: ${message}\n` });
  });

  test("without a mesh, and with several", async () => {
    const files = new FakeRunDirectory();
    expect((await logs(files)).stderr).toBe(
      'sampan logs: No mesh runs on this machine: start one with "sampan up".\n',
    );
    files.addMesh("15014", 7, PARTS);
    files.addMesh("16014", 8, [part("other")]);
    expect((await logs(files)).stderr).toContain("name one of them with --mesh 15014|16014");
    files.log("16014", "logs/other.log", at(1, "of the other"));
    expect((await logs(files, "--mesh", "16014")).stdout).toBe("of the other\n");
  });

  test("what a program prints cannot steer the terminal", async () => {
    const files = meshWithLogs();
    files.log("15014", "logs/ratings-v1-1.log", at(1, "\u001b[2J\u001b]0;title\u0007a\tb\u0085c"));
    const { stdout } = await logs(files, "ratings-v1-1");
    expect(stdout).toBe("·[2J·]0;title·a  b·c\n");
  });

  test("-f: goes on with what comes, with parts that come, until the mesh ends", async () => {
    const files = meshWithLogs();
    const time = new FakeTime();
    const { shell, ran } = fakeShell({ files, env: STATE_ENV, clock: time, timers: time });
    const running = runCommandLine(
      ["logs", "-f", "reviews", "-c", "program", "--tail", "1"],
      shell,
    );
    const pass = (): Promise<void> => look(time);
    await pass();
    files.log("15014", "logs/reviews-v2-1.log", at(6, "six"));
    await pass();
    files.log("15014", "logs/reviews-v3-1.log", at(7, "seven"));
    files.setRecord("15014", 7, [...PARTS, part("reviews-v3-1")]);
    await pass();
    files.endMesh("15014", 7);
    await pass();
    await running;
    expect(ran()).toEqual({
      status: 0,
      stdout: "reviews-v2-1 three\nreviews-v1-1 four\nreviews-v2-1 six\nreviews-v3-1 seven\n",
      stderr: "The mesh has ended.\n",
    });
  });
});

test("-f before there is any part: what comes is shown", async () => {
  const files = new FakeRunDirectory();
  files.addMesh("15014", 7, []);
  const time = new FakeTime();
  const { shell, ran } = fakeShell({ files, env: STATE_ENV, clock: time, timers: time });
  const running = runCommandLine(["logs", "-f", "-c", "program"], shell);
  const pass = (): Promise<void> => look(time);
  await pass();
  files.log("15014", "logs/shop-1.log", at(1, "one"));
  files.setRecord("15014", 7, [part("shop-1")]);
  await pass();
  files.endMesh("15014", 7);
  await pass();
  await running;
  expect(ran()).toEqual({
    status: 0,
    stdout: "shop-1 one\n",
    stderr: "The mesh has ended.\n",
  });
});

describe("a log that is read as it grows", () => {
  test("whatever is written and turned over between two looks, each line comes once and in order", async () => {
    const move = fc.oneof(
      { weight: 6, arbitrary: fc.constant("line") },
      { weight: 2, arbitrary: fc.constant("half") },
      { weight: 3, arbitrary: fc.constant("look") },
      { weight: 1, arbitrary: fc.constant("rotate") },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const files = new FakeRunDirectory();
        const path = "/state/sampan/meshes/15014";
        const log = new PartLog(files, path, part("shop"));
        const seen: string[] = [];
        let count = 0;
        let rotatedSinceLook = false;
        let rest = "";
        const add = (text: string): void => {
          const file = `${path}/logs/shop.log`;
          files.write(file, `${files.text(file) ?? ""}${text}`);
        };
        const look = async (): Promise<void> => {
          const listing = await files.list(path);
          const entries = "kind" in listing ? [] : listing;
          const lines = await log.readNew(new Map(entries.map((entry) => [entry.path, entry])));
          seen.push(...lines.map(({ message }) => message));
          rotatedSinceLook = false;
        };
        for (const what of moves) {
          if (what === "look") await look();
          else if (what === "rotate") {
            // Logs turn over at line ends; twice between two looks is more than anybody promises.
            if (
              rest !== "" ||
              rotatedSinceLook ||
              files.text(`${path}/logs/shop.log`) === undefined
            )
              continue;
            files.rotate("15014", "logs/shop.log");
            rotatedSinceLook = true;
          } else {
            const line = rest === "" ? `${at(1, String(count++))}\n` : rest;
            const cut = what === "half" && rest === "" ? 30 : line.length;
            add(line.slice(0, cut));
            rest = line.slice(cut);
          }
        }
        add(rest);
        await look();
        expect(seen).toEqual(Array.from({ length: count }, (_, index) => String(index)));
      }),
    );
  });

  test("lines that are none are passed over", () => {
    const shop = part("shop");
    for (const text of ["", "no log line", "2026-01-02T03:04:05Z stdin F x", "x stdout F y"]) {
      expect(parseLogLine(text, shop)).toBeUndefined();
    }
    expect(parseLogLine(at(5, "a stdout F b"), shop)?.message).toBe("a stdout F b");
  });
});
