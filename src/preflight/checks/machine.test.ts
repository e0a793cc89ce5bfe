// Checks of the machine itself: swap, open files, processors, memory, control groups.
import { describe, expect, test } from "bun:test";
import type { World } from "../testing/run-check.ts";
import { found, outcomeOf, SETTINGS } from "../testing/run-check.ts";
import { openFilesCheck } from "./open-files.ts";
import { cgroupLimitCheck, memCheck, numCpuCheck } from "./resources.ts";
import { swapCheck } from "./swap.ts";

const files = (all: Readonly<Record<string, string | undefined>>): World => ({
  machine: { files: all },
});

describe("Swap", () => {
  const HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  const ON = "E running with swap on is not supported. Please disable swap";
  test.each<[string, string | undefined, readonly string[]]>([
    ["no swap", HEAD, []],
    ["a kernel without swap", undefined, []],
    ["an empty file", "", []],
    ["blank lines only", "\n\n", []],
    ["a partition", `${HEAD}/dev/sda2 partition 8388604 0 -2\n`, [ON]],
    ["a partition, without the last line end", `${HEAD}/dev/sda2 partition 8388604 0 -2`, [ON]],
    ["two of them are one finding", `${HEAD}/dev/sda2 partition 1 0 -2\n/swap file 1 0 -3\n`, [ON]],
  ])("%s", async (_name, text, expected) => {
    expect(await found(swapCheck(), files({ "/proc/swaps": text }))).toEqual(expected);
  });

  test("may be unreadable", async () => {
    const world: World = { machine: { unreadable: { "/proc/swaps": "EACCES" } } };
    expect(await found(swapCheck(), world)).toEqual([]);
  });

  test("comes with its remedy as words and as a command", async () => {
    const { errors } = await outcomeOf(swapCheck(), files({ "/proc/swaps": `${HEAD}/swap\n` }));
    expect(errors[0]).toMatchObject({
      command: "sudo swapoff -a",
      fix: expect.stringContaining("/etc/fstab"),
    });
  });
});

describe("OpenFiles", () => {
  const limits = (soft: string, hard: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft}                ${hard}               files     \n`;
  const less = (soft: number, needed: number): string =>
    `the limit of open files (${soft}) is less than the required ${needed}`;

  // needed: what the configuration allows. A soft limit below 1024 is an error whatever is needed.
  test.each<[string, string, number, readonly string[]]>([
    ["65536", "65536", 4_096, []],
    ["4096", "4096", 4_096, []],
    ["unlimited", "unlimited", 4_096, []],
    ["4095", "1048576", 4_096, [`W ${less(4_095, 4_096)}: two sockets for each request`]],
    ["1024", "1048576", 4_096, [`W ${less(1_024, 4_096)}: two sockets for each request`]],
    ["1024", "1024", 1_000, []],
    ["1023", "1023", 1_000, [`E ${less(1_023, 1_024)}`]],
    ["256", "256", 4_096, [`E ${less(256, 4_096)}`]],
    ["many", "256", 4_096, []],
  ])("soft %s, hard %s, needed %d", async (soft, hard, needed, expected) => {
    const check = openFilesCheck({
      ...SETTINGS,
      openFiles: { needed, why: "two sockets for each request" },
    });
    const world = files({ "/proc/self/limits": limits(soft, hard) });
    expect(await found(check, world)).toEqual(expected);
  });

  test("a soft limit is raised by the user, a hard one by root", async () => {
    const check = openFilesCheck(SETTINGS);
    const soft = await outcomeOf(check, files({ "/proc/self/limits": limits("1024", "65536") }));
    expect(soft.warnings[0]?.command).toBe("ulimit -n 4096");
    const hard = await outcomeOf(check, files({ "/proc/self/limits": limits("1024", "1024") }));
    expect(hard.warnings[0]?.command).toMatch(/^sudo prlimit /);
  });
});

test.each<[number, number, readonly string[]]>([
  [4, 4, []],
  [1, 1, []],
  [1, 2, ["W the number of available CPUs 1 is less than the required 2"]],
])("NumCPU: %d CPUs for %d workers", async (cpuCount, workerCount, expected) => {
  const check = numCpuCheck({ ...SETTINGS, workerCount });
  expect(await found(check, { machine: { cpuCount } })).toEqual(expected);
});

test.each<[number, string | undefined, readonly string[]]>([
  [8_192, "MemAvailable:  4194304 kB", []],
  [8_192, "MemAvailable:  1048576 kB", []],
  [
    8_192,
    "MemAvailable:   524288 kB",
    ["W the available RAM (512 MB) is less than the needed 1024 MB"],
  ],
  [8_192, "MemAvailable:  a lot", []],
  [8_192, undefined, []],
  [
    1_023,
    "MemAvailable:   524288 kB",
    ["E the system RAM (1023 MB) is less than the minimum 1024 MB"],
  ],
])("Mem: %d MB, %s", async (megabytes, meminfo, expected) => {
  const machine = { memoryBytes: megabytes * 1024 ** 2, files: { "/proc/meminfo": meminfo } };
  expect(await found(memCheck(SETTINGS), { machine })).toEqual(expected);
});

describe("CgroupLimit", () => {
  const MEMORY =
    "E the memory limit of the control group (512 MB) is less than the minimum 1024 MB";
  const CPU = "W the CPU limit of the control group (0.5) is less than the required 1";
  const HALF = String(512 * 1024 ** 2);
  const ROOT = "/sys/fs/cgroup";
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["version 2, no limit", { [`${ROOT}/memory.max`]: "max\n" }, []],
    ["version 2, a container's own root", { [`${ROOT}/memory.max`]: `${HALF}\n` }, [MEMORY]],
    ["version 2, CPU", { [`${ROOT}/cpu.max`]: "50000 100000\n" }, [CPU]],
    ["version 2, CPU without limit", { [`${ROOT}/cpu.max`]: "max 100000\n" }, []],
    ["version 2, CPU of a period of nothing", { [`${ROOT}/cpu.max`]: "50000 0\n" }, []],
    [
      "the group around it is tighter",
      {
        "/proc/self/cgroup": "0::/system.slice/sampan.service\n",
        [`${ROOT}/system.slice/sampan.service/memory.max`]: "max\n",
        [`${ROOT}/system.slice/memory.max`]: HALF,
      },
      [MEMORY],
    ],
    [
      "version 1",
      {
        "/proc/self/cgroup": "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n",
        [`${ROOT}/memory/docker/abc/memory.limit_in_bytes`]: HALF,
        [`${ROOT}/cpu,cpuacct/docker/abc/cpu.cfs_quota_us`]: "50000\n",
        [`${ROOT}/cpu,cpuacct/docker/abc/cpu.cfs_period_us`]: "100000\n",
      },
      [MEMORY, CPU],
    ],
    [
      "version 1 without limits",
      {
        "/proc/self/cgroup": "4:memory:/\n1:cpu:/\n",
        [`${ROOT}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
        [`${ROOT}/cpu/cpu.cfs_quota_us`]: "-1\n",
        [`${ROOT}/cpu/cpu.cfs_period_us`]: "100000\n",
      },
      [],
    ],
    ["a path that leads out", { "/proc/self/cgroup": "0::/../../etc\n" }, []],
    ["nothing that reads like a group", { "/proc/self/cgroup": "::::\n0::\n" }, []],
  ])("%s", async (_name, all, expected) => {
    expect(await found(cgroupLimitCheck(SETTINGS), files(all))).toEqual(expected);
  });
});
