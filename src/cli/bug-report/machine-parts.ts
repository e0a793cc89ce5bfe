// What a bug report says of the machine: kernel, memory, limits, and the variables that change how sampan works.
import type { Machine } from "#base/machine.ts";
import type { Part } from "./collect.ts";

/** Small files of the kernel and the distribution that explain most surprises. */
const FACTS: readonly string[] = [
  "/etc/os-release",
  "/proc/version",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/swaps",
  "/proc/self/limits",
  "/proc/net/sockstat",
  "/proc/sys/net/core/somaxconn",
  "/proc/sys/net/ipv4/ip_local_port_range",
  "/sys/fs/cgroup/memory.max",
];

/** Others are nobody's business, whatever they hold. */
const TELLING_VARIABLE =
  /^(?:SAMPAN_|XDG_|BUN_|LC_)|^(?:(?:https?|no|all)_proxy|PATH|LANG|TERM|SHELL|CI|NO_COLOR)$/i;

export function machineParts(
  machine: Machine,
  env: Readonly<Record<string, string>>,
): readonly Part[] {
  const { platform, cpuCount, memoryBytes, runtimeVersion } = machine;
  const summary = { platform, cpuCount, memoryBytes, runtimeVersion };
  const variables = Object.entries(env)
    .filter(([name]) => TELLING_VARIABLE.test(name))
    .map(([name, value]) => `${name}=${value}\n`)
    .toSorted();
  return [
    { path: "machine/machine.json", read: () => ({ kind: "text", text: JSON.stringify(summary) }) },
    { path: "machine/environment.txt", read: () => ({ kind: "text", text: variables.join("") }) },
    ...FACTS.map((path) => factPart(machine, path)),
  ];
}

function factPart(machine: Machine, path: string): Part {
  return {
    path: `machine${path}`,
    read: () => {
      const reading = machine.readText(path);
      if (reading.kind === "read") return { kind: "text", text: reading.text };
      const reason = reading.kind === "missing" ? "no such file" : reading.code;
      return { kind: "missing", reason: `${path}: ${reason}` };
    },
  };
}
