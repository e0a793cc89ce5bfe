// Whatever a machine says of itself, no check throws, and what is printed of it stays on its line.
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { PathState } from "#base/machine.ts";
import { CLEAN_FILES } from "#base/testing/fake-machine.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { checksFor } from "./checks-for.ts";
import { IGNORE_NOTHING } from "./ignore-list.ts";
import { runChecks } from "./runner.ts";
import { fakePorts, SETTINGS } from "./testing/run-check.ts";
import { formatErrors, formatFixes, formatWarnings } from "./text-report.ts";

const PATHS = [
  ...Object.keys(CLEAN_FILES),
  "/proc/sys/net/netfilter/nf_conntrack_max",
  "/proc/sys/net/netfilter/nf_conntrack_count",
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/cpu.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  "/proc/net/ip_tables_names",
  "/proc/config.gz",
  "/proc/modules",
  "/proc/sys/kernel/osrelease",
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/1/status",
  "/etc/passwd",
];

/** Broken in the ways that break parsers: cut off, doubled, numbers beyond all bounds, bytes that are no text. */
const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.constantFrom("unlimited", "max", "", "-", "0x", "1e9", "NaN"),
);
const content = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 100 }),
  number,
  fc.array(number, { maxLength: 4 }).map((words) => words.join(" ")),
  fc
    .tuple(fc.constantFrom(...Object.values(CLEAN_FILES)), number)
    .map(([text, word]) => text.replaceAll(/\d+/g, word)),
  fc
    .tuple(
      fc.constantFrom("4:memory:", "0::", "CapEff:\t", "Max open files ", "nameserver "),
      fc.string(),
    )
    .map((parts) => parts.join("")),
);
const state: fc.Arbitrary<PathState> = fc.oneof(
  fc.constant<PathState>({ kind: "missing" }),
  fc.string().map((code): PathState => ({ kind: "failed", code })),
  fc.record({
    kind: fc.constantFrom("folder", "file", "other"),
    mode: fc.nat(0o777),
    ownerId: fc.nat(),
    isWritable: fc.boolean(),
    isExecutable: fc.boolean(),
  }),
);
const machine = fc.record({
  files: fc.dictionary(fc.constantFrom(...PATHS), fc.option(content, { nil: undefined })),
  unreadable: fc.dictionary(fc.constantFrom(...PATHS), fc.string(), { maxKeys: 3 }),
  paths: fc.dictionary(
    fc.constantFrom("/s/a", "/s", "/", "/usr/bin/envoy", "/usr/bin/iptables"),
    state,
  ),
  hostname: fc.string({ unit: "binary", maxLength: 300 }),
  runtimeVersion: fc.string({ unit: "binary" }),
  userId: fc.option(fc.nat(), { nil: undefined }),
  platform: fc.constantFrom("linux", "darwin", "win32"),
});
const text = fc.string({ unit: "binary", maxLength: 60 });

test("no check throws, and no line of the report is anybody else's", async () => {
  await fc.assert(
    fc.asyncProperty(
      machine,
      fc.dictionary(fc.constantFrom("http_proxy", "NO_PROXY", "PATH", "all_proxy"), text),
      text,
      text,
      async (options, env, page, output) => {
        const port = {
          address: { host: "127.0.0.1", port: 80 },
          purpose: "x",
          alternative: "y",
          isShared: false,
        };
        const settings = {
          ...SETTINGS,
          ports: [port],
          folders: [{ path: "/s/a", purpose: "state", changedBy: "--state-dir" }],
          certificates: [{ path: "/c", namedBy: "x" }],
          hostnames: ["a.example"],
          dataPlane: "envoy" as const,
          loopback: ["127.240.0.1"],
          pilot: { host: "127.0.0.1", port: 15014 },
          interception: true,
        };
        const pages = Object.fromEntries(
          ["/ready", "/version", "/debug/syncz"].map((path) => [
            `http://127.0.0.1:15014${path}`,
            { body: page, headers: { date: page } },
          ]),
        );
        const ports = fakePorts({
          machine: {
            ...options,
            list: () => ["1", page],
            certificates: { "/c": page },
            holders: { "127.0.0.1:80": { pid: 1, command: output } },
          },
          net: { unlistenable: { ":80": "EADDRINUSE" } },
          env,
          pages,
          programs: { "": { code: 0, output } },
          time: new FakeTime(),
        });
        const report = await runChecks(checksFor("up", settings, false), ports, IGNORE_NOTHING, {
          onResult() {},
        });
        const all = report.results.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
        expect(all.filter(({ message }) => message.includes("the check itself"))).toEqual([]);
        const printed = report.results.map(formatWarnings).join("") + formatErrors(report);
        for (const line of printed.split("\n")) {
          expect(line).toMatch(/^$|^\[preflight\] |^\t\[(WARNING|ERROR) [^\]]+\]: |^\t\tfix: /);
          expect(line).not.toMatch(/[^\P{Cc}\t]|[\u2028\u2029]/u);
        }
        // The script of remedies holds comments and commands that we wrote: nothing of a message becomes a command.
        for (const line of formatFixes(report).trimEnd().split("\n")) {
          expect(line).toMatch(/^$|^#|^(sudo|ulimit|export|chmod|npm|echo) /);
          if (line.startsWith("export"))
            expect(line).toMatch(/^export \w+=(?:'(?:[^']|'\\'')*'|[\w@%+=:,./*-]+)$/);
        }
      },
    ),
    { numRuns: 300 },
  );
});
