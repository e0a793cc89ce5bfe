// Checks of what lies around the process: clock, names, folders, certificates, versions, configuration.
import { describe, expect, test } from "bun:test";
import type { Certificate, PathState } from "#base/machine.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { formatDay, parseHttpDateMs } from "../http-date.ts";
import type { ConfigurationReading } from "../settings.ts";
import { fakePorts, found, outcomeOf, SETTINGS, type World } from "../testing/run-check.ts";
import { certExpiryCheck } from "./certificates.ts";
import { clockCheck, clockSkewCheck } from "./clock.ts";
import { configCheck } from "./configuration.ts";
import { dirAvailableCheck, diskCheck } from "./folders.ts";
import { dnsCheck, hostnameCheck, resolverCheck } from "./names.ts";
import { versionSkewCheck } from "./version-skew.ts";
import { envoyOnPathCheck, envoyVersionCheck, runtimeVersionCheck } from "./versions.ts";

const PILOT = { host: "127.0.0.1", port: 15014 };
const PILOT_URL = "http://127.0.0.1:15014";

describe("Clock", () => {
  const SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  const slow = (name: string): string =>
    `W the kernel's clock source is "${name}": each look at the clock takes a microsecond or more`;
  test.each<[string, number, readonly string[]]>([
    ["tsc\n", 1_767_323_045_000, []],
    ["kvm-clock", 1_767_323_045_000, []],
    ["acpi_pm\n", 1_767_323_045_000, [slow("acpi_pm")]],
    ["hpet", 1_767_323_045_000, [slow("hpet")]],
    ["tsc", 0, ["E the clock says 1970-01-01, which is long ago"]],
    ["tsc", 1_735_689_599_999, ["E the clock says 2024-12-31, which is long ago"]],
  ])("source %j, %d", async (source, wallMs, expected) => {
    const world: World = { machine: { files: { [SOURCE]: source } }, time: new FakeTime(wallMs) };
    expect(await found(clockCheck(), world)).toEqual(expected);
  });

  test("a clock that goes back is found, by how much at most", () => {
    let now = 0;
    let sample = 0;
    const clock = {
      wallMs: () => 1_767_323_045_000,
      nowMs: () => {
        sample += 1;
        now += sample === 500 ? -3 : sample === 700 ? -20 : 1;
        return now;
      },
    };
    expect(clockCheck().run({ ...fakePorts(), clock })).toMatchObject({
      errors: [{ message: "the monotonic clock went back by 20ms" }],
    });
  });
});

describe("ClockSkew", () => {
  const check = clockSkewCheck({ ...SETTINGS, pilot: PILOT });
  const at = (date: string): World => ({
    pages: { [`${PILOT_URL}/ready`]: { headers: { date } } },
  });
  // The fake clock says 2026-01-02T03:04:05Z.
  test.each<[string, readonly string[]]>([
    ["Fri, 02 Jan 2026 03:04:05 GMT", []],
    ["Fri, 02 Jan 2026 03:04:09 GMT", []],
    ["Fri, 02 Jan 2026 03:04:00 GMT", []],
    [
      "Fri, 02 Jan 2026 03:04:10 GMT",
      ["W the clock is 6s behind the clock of the pilot at 127.0.0.1:15014"],
    ],
    [
      "Fri, 02 Jan 2026 02:04:05 GMT",
      ["W the clock is 1h ahead of the clock of the pilot at 127.0.0.1:15014"],
    ],
    ["Friday, 02-Jan-26 05:04:05 GMT", []],
    ["soon", []],
    ["", []],
  ])("date %j", async (date, expected) => {
    expect(await found(check, at(date))).toEqual(expected);
  });

  test("without a pilot there is nothing to compare with", async () => {
    expect(await found(check)).toEqual([]);
    expect(await found(clockSkewCheck(SETTINGS))).toEqual([]);
  });

  test("dates of HTTP", () => {
    expect(parseHttpDateMs("Sun, 06 Nov 1994 08:49:37 GMT")).toBe(784_111_777_000);
    expect(parseHttpDateMs("Sun, 06 Nvo 1994 08:49:37 GMT")).toBeUndefined();
    expect(formatDay(784_111_777_000)).toBe("1994-11-06");
  });
});

describe("Hostname", () => {
  const RULE =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  test.each<[string, readonly string[]]>([
    ["laptop", []],
    ["localhost", []],
    ["my_laptop", [`W invalid node name format "my_laptop": ${RULE}`]],
    ["-a", [`W invalid node name format "-a": ${RULE}`]],
    ["", [`W invalid node name format "": ${RULE}`]],
    ["\u001b[2J", [`W invalid node name format "\\u001b[2J": ${RULE}`]],
    [
      "a.".repeat(150),
      [`W invalid node name format "${"a.".repeat(100)}…": must be no more than 253 characters`],
    ],
    ["elsewhere", ['W hostname "elsewhere" could not be reached: ENOTFOUND']],
    ["empty", ['W hostname "empty" could not be reached: it has no address']],
  ])("%j", async (hostname, expected) => {
    const world: World = { machine: { hostname }, names: { empty: [] } };
    expect(await found(hostnameCheck(), world)).toEqual(expected);
  });
});

describe("DNS", () => {
  const gone = (name: string): string =>
    `W the host name "${name}" of the configuration cannot be looked up: ENOTFOUND`;
  test.each<[readonly string[], World["names"], readonly string[]]>([
    [[], {}, []],
    [["127.0.0.1", "::1"], {}, []],
    [["db.corp", "db.corp", "nowhere"], { "db.corp": ["10.0.0.1"] }, [gone("nowhere")]],
    [[], { localhost: ["10.9.9.9"] }, ["W localhost is 10.9.9.9, not 127.0.0.1"]],
    [[], { localhost: ["::1"] }, []],
    [[], { localhost: [] }, ["W localhost is no address, not 127.0.0.1"]],
  ])("%j", async (hostnames, names, expected) => {
    const check = dnsCheck({ ...SETTINGS, hostnames });
    expect(await found(check, { names: names ?? {} })).toEqual(expected);
  });

  test("a resolver that never answers is waited for two seconds", async () => {
    const time = new FakeTime();
    const never = { resolve: () => new Promise<never>(() => {}) };
    const outcome = hostnameCheck().run({ ...fakePorts({ time }), dns: never });
    time.advance(2_000);
    expect((await outcome).warnings[0]?.message).toBe(
      'hostname "laptop" could not be reached: no answer within 2 s',
    );
    expect(time.timerCount).toBe(0);
  });
});

describe("Resolver", () => {
  const STUB_DEAD =
    "W the name server 127.0.0.53 of /etc/resolv.conf does not answer: ECONNREFUSED";
  test.each<[string | undefined, World["net"], readonly string[]]>([
    ["nameserver 10.0.0.2\nsearch corp\n", {}, []],
    ["nameserver 127.0.0.53\n", {}, []],
    ["nameserver 127.0.0.53\n", { unreachable: { "127.0.0.53:53": "ECONNREFUSED" } }, [STUB_DEAD]],
    ["# nameserver 10.0.0.2\n", {}, ["W /etc/resolv.conf names no name server"]],
    [undefined, {}, ["W /etc/resolv.conf cannot be read"]],
    [
      "nameserver 1.1.1.1\n".repeat(4),
      {},
      ["W /etc/resolv.conf names 4 name servers; only the first 3 are asked"],
    ],
  ])("%j", async (text, net, expected) => {
    const world: World = { machine: { files: { "/etc/resolv.conf": text } }, net: net ?? {} };
    expect(await found(resolverCheck(), world)).toEqual(expected);
  });
});

describe("DirAvailable", () => {
  const folder = (mode: number, isWritable: boolean, ownerId = 1000): PathState => ({
    kind: "folder",
    mode,
    ownerId,
    isWritable,
    isExecutable: isWritable,
  });
  const file: PathState = {
    kind: "file",
    mode: 0o644,
    ownerId: 0,
    isWritable: true,
    isExecutable: false,
  };
  const missing: PathState = { kind: "missing" };
  const check = dirAvailableCheck({
    ...SETTINGS,
    folders: [{ path: "/s/a/b", purpose: "state", changedBy: "--state-dir" }],
  });
  test.each<[string, Readonly<Record<string, PathState>>, readonly string[], string | undefined]>([
    ["there, for a group too", { "/s/a/b": folder(0o775, true) }, [], undefined],
    ["there, ours", { "/s/a/b": folder(0o755, true) }, [], undefined],
    [
      "not there, can be made",
      { "/s/a/b": missing, "/s/a": missing, "/s": folder(0o755, true) },
      [],
      undefined,
    ],
    [
      "not there, in a folder for everybody",
      { "/s/a/b": missing, "/s/a": folder(0o777, true) },
      [],
      undefined,
    ],
    [
      "there, for everybody",
      { "/s/a/b": folder(0o777, true) },
      ["W /s/a/b may be written by everybody (mode 777) (state)"],
      "chmod o-w /s/a/b",
    ],
    [
      "somebody else's",
      { "/s/a/b": folder(0o755, false, 0) },
      ["E /s/a/b cannot be written (state)"],
      undefined,
    ],
    [
      "ours, and locked",
      { "/s/a/b": folder(0o500, false) },
      ["E /s/a/b cannot be written (state)"],
      "chmod u+wx /s/a/b",
    ],
    [
      "cannot be made",
      { "/s/a/b": missing, "/s/a": folder(0o755, false, 0) },
      ["E /s/a/b cannot be made in /s/a (state)"],
      undefined,
    ],
    [
      "below a file",
      { "/s/a/b": missing, "/s/a": file },
      ["E /s/a/b cannot be used: /s/a is no folder (state)"],
      undefined,
    ],
    [
      "a file itself",
      { "/s/a/b": file },
      ["E /s/a/b cannot be used: /s/a/b is no folder (state)"],
      undefined,
    ],
    [
      "forbidden to look",
      { "/s/a/b": { kind: "failed", code: "EACCES" } },
      ["E /s/a/b cannot be used: EACCES (state)"],
      undefined,
    ],
    [
      "nothing at all",
      { "/s/a/b": missing, "/s/a": missing, "/s": missing, "/": missing },
      ["E /s/a/b cannot be used: ENOENT (state)"],
      undefined,
    ],
  ])("%s", async (_name, paths, expected, command) => {
    const world: World = { machine: { paths } };
    expect(await found(check, world)).toEqual(expected);
    const { errors, warnings } = await outcomeOf(check, world);
    expect([...errors, ...warnings][0]?.command).toBe(command);
  });
});

test.each<[number | undefined, readonly string[]]>([
  [undefined, []],
  [256, []],
  [255, ["W the disk of /s has 255 MB left, less than the recommended 256 MB"]],
  [16, ["W the disk of /s has 16 MB left, less than the recommended 256 MB"]],
  [15, ["E the disk of /s has 15 MB left, less than the minimum 16 MB"]],
  [0, ["E the disk of /s has 0 MB left, less than the minimum 16 MB"]],
])("Disk: %p MB left", async (megabytes, expected) => {
  const check = diskCheck({
    ...SETTINGS,
    folders: [{ path: "/s", purpose: "state", changedBy: "--state-dir" }],
  });
  const freeBytes = () => (megabytes === undefined ? undefined : megabytes * 1024 ** 2);
  expect(await found(check, { machine: { freeBytes } })).toEqual(expected);
});

describe("CertExpiry", () => {
  const DAY = 24 * 3_600_000;
  const NOW = 1_767_323_045_000; // 2026-01-02
  const check = certExpiryCheck({
    ...SETTINGS,
    certificates: [{ path: "/c.pem", namedBy: "--cert" }],
  });
  const certificate = (fromDays: number, toDays: number): Certificate => ({
    subject: "CN=a",
    notBeforeMs: NOW + fromDays * DAY,
    notAfterMs: NOW + toDays * DAY,
  });
  const of = "certificate CN=a of /c.pem (--cert)";
  test.each<[string, readonly Certificate[] | string | undefined, readonly string[]]>([
    ["valid", [certificate(-1, 61)], []],
    ["60 days to go", [certificate(-1, 60)], []],
    ["59 days to go", [certificate(-1, 59)], [`W ${of} expires on 2026-03-02, in 59 days`]],
    ["expired", [certificate(-9, -1)], [`E ${of} expired on 2026-01-01`]],
    ["expires now", [certificate(-9, 0)], [`E ${of} expired on 2026-01-02`]],
    ["not yet", [certificate(1, 90)], [`E ${of} is not valid before 2026-01-03`]],
    [
      "one of a chain",
      [certificate(-1, 90), certificate(-9, -1)],
      [`E ${of} expired on 2026-01-01`],
    ],
    ["no such file", undefined, ["E /c.pem (--cert) doesn't exist"]],
    [
      "no certificate",
      "it holds no PEM certificate",
      ["E /c.pem (--cert) could not be read: it holds no PEM certificate"],
    ],
  ])("%s", async (_name, content, expected) => {
    const certificates = content === undefined ? {} : { "/c.pem": content };
    expect(await found(check, { machine: { certificates } })).toEqual(expected);
  });
});

describe("RuntimeVersion", () => {
  const other = (version: string): string =>
    `this is Bun ${version}, and sampan is made for Bun 1.4.5`;
  test.each<[string, readonly string[]]>([
    ["1.4.5", []],
    ["1.4.4", [`W ${other("1.4.4")}`]],
    ["1.4.6", [`W ${other("1.4.6")}`]],
    ["1.5.0", [`W ${other("1.5.0")}`]],
    ["1.3.9", [`E ${other("1.3.9")}`]],
    ["0.9.0", [`E ${other("0.9.0")}`]],
    ["canary", [`W ${other("canary")}`]],
  ])("%s", async (runtimeVersion, expected) => {
    const world: World = { machine: { runtimeVersion } };
    expect(await found(runtimeVersionCheck(SETTINGS), world)).toEqual(expected);
  });
});

describe("envoy", () => {
  const program: PathState = {
    kind: "file",
    mode: 0o755,
    ownerId: 0,
    isWritable: false,
    isExecutable: true,
  };
  const machine = {
    paths: { "/opt/envoy": program, "/usr/bin/envoy": { kind: "missing" } },
  } as const;
  const env = { PATH: ":/usr/bin:/opt" };
  const prints = (output: string, code = 0): World => ({
    machine,
    env,
    programs: { "envoy --version": { code, output } },
  });

  test("FileExisting-envoy: on the PATH, and a file that can be run", async () => {
    expect(await found(envoyOnPathCheck(), prints(""))).toEqual([]);
    const nowhere = ["E envoy not found in system path"];
    expect(await found(envoyOnPathCheck(), { env })).toEqual(nowhere);
    expect(await found(envoyOnPathCheck(), { ...prints(""), env: { PATH: "" } })).toEqual(nowhere);
  });

  test.each<[string, readonly string[]]>([
    ["envoy  version: 1d0f3a/1.40.0/Clean/RELEASE/BoringSSL", []],
    ["\nenvoy  version: 1d0f3a/1.40.3/Modified/DEBUG/BoringSSL\n", []],
    [
      "envoy  version: 1d0f3a/1.31.2/Clean/RELEASE/BoringSSL",
      ["W /opt/envoy is Envoy 1.31.2, and sampan is tested with Envoy 1.40.0"],
    ],
    ["no idea", ['W the version of /opt/envoy cannot be told: "no idea"']],
  ])("EnvoyVersion: %j", async (output, expected) => {
    expect(await found(envoyVersionCheck(), prints(output))).toEqual(expected);
  });

  test("EnvoyVersion is silent where there is no envoy", async () => {
    expect(await found(envoyVersionCheck(), { env })).toEqual([]);
  });
});

describe("VersionSkew", () => {
  const check = versionSkewCheck({ ...SETTINGS, pilot: PILOT, version: "1.4.0" });
  const mesh = (pilot: string, reports: unknown): World => ({
    pages: {
      [`${PILOT_URL}/version`]: { body: pilot },
      [`${PILOT_URL}/debug/syncz`]: { body: JSON.stringify(reports) },
    },
  });
  const proxy = (userAgent: string, index = 1) => ({ name: `reviews-v1-${index}`, userAgent });
  const apart = (name: string, version: string): string =>
    `W ${name} is version ${version}, this command line 1.4.0: more than one minor version apart`;
  test.each<[string, World, readonly string[]]>([
    ["nobody there", {}, []],
    ["all the same", mesh('{"version": "1.4.0"}', [proxy("sampan/1.4.0")]), []],
    ["one minor apart", mesh('{"version": "1.3.9"}', [proxy("sampan/1.5.0")]), []],
    [
      "an old pilot",
      mesh('{"gitVersion": "v1.2.0"}', []),
      [apart("the pilot at 127.0.0.1:15014", "1.2.0")],
    ],
    [
      "another major",
      mesh('{"version": "2.4.0"}', []),
      [apart("the pilot at 127.0.0.1:15014", "2.4.0")],
    ],
    [
      "an old proxy among others",
      mesh("", [proxy("sampan/1.4.2", 1), proxy("sampan/1.1.0", 2)]),
      [apart('proxy "reviews-v1-2"', "1.1.0")],
    ],
    [
      "of many old proxies the first five",
      mesh(
        "",
        Array.from({ length: 9 }, (_, index) => proxy("sampan/1.1.0", index)),
      ),
      [0, 1, 2, 3, 4].map((index) => apart(`proxy "reviews-v1-${index}"`, "1.1.0")),
    ],
    [
      "programs with versions of their own",
      mesh(
        "",
        ["envoy/9.40.0", "sampanish/9.1.0", "sampan", ""].map((agent) => proxy(agent)),
      ),
      [],
    ],
    ["answers that are none", mesh("<html>", { no: "list" }), []],
    ["reports that are none", mesh("[]", [null, 7, "x", {}, { userAgent: 7 }]), []],
  ])("%s", async (_name, world, expected) => {
    expect(await found(check, world)).toEqual(expected);
  });
});

test.each<[string, ConfigurationReading | undefined, readonly string[]]>([
  ["none", undefined, []],
  ["valid", { kind: "read", errors: [], warnings: [] }, []],
  [
    "not valid",
    { kind: "read", errors: ["a.yaml:1:2: no"], warnings: ["b.yaml:3:1: odd"] },
    ["E a.yaml:1:2: no", "W b.yaml:3:1: odd"],
  ],
  [
    "unreadable",
    { kind: "unreadable", reason: "Cannot read the folder x: ENOENT" },
    ["E Cannot read the folder x: ENOENT"],
  ],
])("Config: %s", async (_name, reading, expected) => {
  const readConfiguration = reading === undefined ? undefined : async () => reading;
  expect(await found(configCheck({ ...SETTINGS, readConfiguration }))).toEqual(expected);
});
