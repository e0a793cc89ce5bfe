// Swap is off: pages that have to come back from a disk turn milliseconds into seconds at the tail.
import { type Check, type CheckDescription, type CheckPorts, fail, PASSED } from "../check.ts";

export const SWAP: CheckDescription = {
  name: "Swap",
  category: "machine",
  severity: "error",
  summary: "swap is off",
  why: "A proxy whose pages were swapped out answers seconds late, and the outlier detectors of others eject it.",
  fix: 'run "sudo swapoff -a", and take the swap lines out of /etc/fstab to keep it off',
};

const FILE = "/proc/swaps";

/** The first line is the head of the table; a missing file is a kernel without swap. */
export function swapCheck(): Check {
  return {
    ...SWAP,
    run({ machine }: CheckPorts) {
      const reading = machine.readText(FILE);
      if (reading.kind !== "read") return PASSED;
      const lines = reading.text.split("\n").filter((line) => line.trim() !== "");
      if (lines.length <= 1) return PASSED;
      return fail({
        message: "running with swap on is not supported. Please disable swap",
        fix: SWAP.fix,
        command: "sudo swapoff -a",
      });
    },
  };
}
