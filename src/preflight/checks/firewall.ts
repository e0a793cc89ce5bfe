// A firewall that is active lets through what is listened on beyond loopback.
import { isLoopbackHost } from "#base/ip-address.ts";
import { type Check, type CheckDescription, type CheckPorts, PASSED, warn } from "../check.ts";
import { findProgram, runProgram } from "../run-program.ts";
import type { PreflightSettings } from "../settings.ts";

export const FIREWALLD: CheckDescription = {
  name: "Firewalld",
  category: "network",
  severity: "warning",
  summary: "no active firewalld stands before ports that are open beyond loopback",
  why: "Other machines cannot reach what its zones do not allow; loopback itself it leaves alone.",
  fix: "open the ports: sudo firewall-cmd --permanent --add-port=15010/tcp && sudo firewall-cmd --reload",
};

const PROGRAM_LIMIT_MS = 2_000;

export function firewalldCheck({ ports }: PreflightSettings): Check {
  const open = [
    ...new Set(
      ports
        .filter(({ address }) => !isLoopbackHost(address.host))
        .map(({ address }) => address.port),
    ),
  ];
  return {
    ...FIREWALLD,
    async run(checkPorts: CheckPorts) {
      if (open.length === 0 || findProgram(checkPorts, "systemctl") === undefined) return PASSED;
      const state = await runProgram(
        checkPorts,
        ["systemctl", "is-active", "firewalld"],
        PROGRAM_LIMIT_MS,
      );
      if (state.kind === "failed" || state.code !== 0) return PASSED;
      const flags = open.map((port) => `--add-port=${port}/tcp`).join(" ");
      const command = `sudo firewall-cmd --permanent ${flags} && sudo firewall-cmd --reload`;
      return warn({
        message: `firewalld is active, please ensure ports [${open.join(" ")}] are open or your mesh may not function correctly`,
        fix: `run "${command}"`,
        command,
      });
    },
  };
}
