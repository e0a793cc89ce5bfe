// The programs that set rules, and which of the kernel's two packet filters they speak to.
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  fail,
  PASSED,
  warn,
} from "../../check.ts";
import { readText } from "../../proc.ts";
import { findProgram, runProgram } from "../../run-program.ts";

export const FILE_EXISTING_IPTABLES: CheckDescription = {
  name: "FileExisting-iptables",
  category: "interception",
  severity: "error",
  summary: "iptables or nft is on the PATH",
  why: "One of them sets the rules.",
  fix: "install it: sudo apt install iptables, or sudo dnf install iptables-nft",
};

export const FILE_EXISTING_IP: CheckDescription = {
  name: "FileExisting-ip",
  category: "interception",
  severity: "error",
  summary: "ip is on the PATH",
  why: "TPROXY needs a routing rule beside the packet filter's.",
  fix: "install it: sudo apt install iproute2, or sudo dnf install iproute",
};

export const IPTABLES_BACKEND: CheckDescription = {
  name: "IptablesBackend",
  category: "interception",
  severity: "warning",
  summary: "iptables speaks to the packet filter that has the rules of this machine",
  why: "With rules in both filters the kernel asks both, and redirection silently does not happen.",
  fix: "let all rules be in one: sudo update-alternatives --config iptables",
};

const PROGRAM_LIMIT_MS = 5_000;

export function fileExistingIptablesCheck(): Check {
  return {
    ...FILE_EXISTING_IPTABLES,
    run(ports: CheckPorts) {
      const found = findProgram(ports, "iptables") ?? findProgram(ports, "nft");
      if (found !== undefined) return PASSED;
      return fail({
        message: "iptables not found in system path",
        fix: FILE_EXISTING_IPTABLES.fix,
        command: "sudo apt install iptables",
      });
    },
  };
}

export function fileExistingIpCheck(): Check {
  return {
    ...FILE_EXISTING_IP,
    run(ports: CheckPorts) {
      if (findProgram(ports, "ip") !== undefined) return PASSED;
      return fail({
        message: "ip not found in system path",
        fix: FILE_EXISTING_IP.fix,
        command: "sudo apt install iproute2",
      });
    },
  };
}

/** Tables of the older filter, one a line; the file is there once its module is. */
function hasLegacyRules(ports: CheckPorts): boolean {
  return (readText(ports.machine, "/proc/net/ip_tables_names") ?? "").trim() !== "";
}

/** Istio's rule: where the older filter has rules, they are the ones to add to. */
export function iptablesBackendCheck(): Check {
  return {
    ...IPTABLES_BACKEND,
    async run(ports: CheckPorts) {
      const program = findProgram(ports, "iptables");
      if (program === undefined) return PASSED;
      const told = await runProgram(ports, [program, "--version"], PROGRAM_LIMIT_MS);
      if (told.kind === "failed") {
        return warn({
          message: `${program} --version: ${told.reason}`,
          fix: FILE_EXISTING_IPTABLES.fix,
        });
      }
      const speaksToNft = told.output.includes("nf_tables");
      if (!speaksToNft || !hasLegacyRules(ports)) return PASSED;
      return warn({
        message: `${program} speaks to nf_tables, and the older packet filter has rules (/proc/net/ip_tables_names)`,
        fix: `run "sudo update-alternatives --set iptables /usr/sbin/iptables-legacy", or move the older rules over`,
        command: "sudo update-alternatives --set iptables /usr/sbin/iptables-legacy",
      });
    },
  };
}
