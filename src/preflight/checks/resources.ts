// Processors and memory: of the machine, and of the control group that this process is held in.
import { cpuLimit, memoryLimitBytes } from "../cgroup.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  fail,
  PASSED,
  warn,
} from "../check.ts";
import { parseCount, readText } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";
import { toMegabytes } from "../words.ts";

export const NUM_CPU: CheckDescription = {
  name: "NumCPU",
  category: "machine",
  severity: "warning",
  summary: "there are as many CPUs as workers",
  why: "Workers that share a CPU wait for each other: latency grows, throughput does not.",
  fix: "start fewer workers with --concurrency, or give the machine more CPUs",
};

export const MEM: CheckDescription = {
  name: "Mem",
  category: "machine",
  severity: "error",
  summary: "the machine has the memory that everything together needs",
  why: "Where memory ends the kernel kills the process that has most of it, which is not always the guilty one.",
  fix: "stop what else uses memory, or run less on this machine",
};

export const CGROUP_LIMIT: CheckDescription = {
  name: "CgroupLimit",
  category: "machine",
  severity: "error",
  summary: "the control group allows the memory and CPU that are needed",
  why: "A container has less than its machine: beyond its memory it is killed, beyond its CPU it is halted for a while.",
  fix: "raise memory.max and cpu.max: docker run --memory and --cpus, MemoryMax= and CPUQuota= in a systemd unit",
};

export function numCpuCheck({ workerCount }: PreflightSettings): Check {
  return {
    ...NUM_CPU,
    run({ machine }: CheckPorts) {
      if (machine.cpuCount >= workerCount) return PASSED;
      return warn({
        message: `the number of available CPUs ${machine.cpuCount} is less than the required ${workerCount}`,
        fix: `start fewer workers: --concurrency ${machine.cpuCount}`,
      });
    },
  };
}

/** The line "MemAvailable:  24233608 kB" of /proc/meminfo. */
function availableBytes(meminfo: string): number | undefined {
  const kilobytes = parseCount(/^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1]);
  return kilobytes === undefined ? undefined : kilobytes * 1024;
}

export function memCheck({ memory }: PreflightSettings): Check {
  const needed = toMegabytes(memory.neededBytes);
  return {
    ...MEM,
    run({ machine }: CheckPorts) {
      const total = toMegabytes(machine.memoryBytes);
      if (machine.memoryBytes < memory.neededBytes) {
        return fail({
          message: `the system RAM (${total} MB) is less than the minimum ${needed} MB`,
          fix: `${memory.why}: run less on this machine`,
        });
      }
      const available = availableBytes(readText(machine, "/proc/meminfo") ?? "");
      if (available === undefined || available >= memory.neededBytes) return PASSED;
      return warn({
        message: `the available RAM (${toMegabytes(available)} MB) is less than the needed ${needed} MB`,
        fix: `${memory.why}: stop what else uses memory ("ps aux --sort=-rss | head" shows it)`,
      });
    },
  };
}

export function cgroupLimitCheck({ memory, workerCount }: PreflightSettings): Check {
  return {
    ...CGROUP_LIMIT,
    run({ machine }: CheckPorts) {
      const errors: Finding[] = [];
      const warnings: Finding[] = [];
      const limitBytes = memoryLimitBytes(machine);
      if (limitBytes !== undefined && limitBytes < memory.neededBytes) {
        errors.push({
          message: `the memory limit of the control group (${toMegabytes(limitBytes)} MB) is less than the minimum ${toMegabytes(memory.neededBytes)} MB`,
          fix: `${memory.why}: raise memory.max (docker run --memory, MemoryMax= in a systemd unit)`,
        });
      }
      const cpus = cpuLimit(machine);
      if (cpus !== undefined && cpus < workerCount) {
        warnings.push({
          message: `the CPU limit of the control group (${Number(cpus.toFixed(2))}) is less than the required ${workerCount}`,
          fix: "raise cpu.max (docker run --cpus, CPUQuota= in a systemd unit), or start fewer workers",
        });
      }
      return { warnings, errors };
    },
  };
}
