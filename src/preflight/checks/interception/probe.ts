// Interception tried out: in a network namespace of its own, where nothing can break, a rule redirects a connection.
import { quoted } from "#base/log.ts";
import { type Check, type CheckDescription, type CheckPorts, fail, PASSED } from "../../check.ts";
import { findProgram, runProgram } from "../../run-program.ts";

export const INTERCEPTION_PROBE: CheckDescription = {
  name: "InterceptionProbe",
  category: "interception",
  severity: "error",
  summary:
    "a connection that a rule redirects arrives at the proxy's port (tried in a private network namespace)",
  why: "Only a try shows that programs, kernel and privileges fit together.",
  fix: "see what the other checks of this category found",
};

/** A namespace is made within milliseconds; its modules may have to be loaded. */
const PROBE_LIMIT_MS = 8_000;

/** Where the probe connects to, and where it listens: nothing leaves the namespace. */
const TARGET = { host: "127.77.0.1", port: 15077 };
const LISTENER_PORT = 15006;

function ruleCommand(ports: CheckPorts): string | undefined {
  const iptables = findProgram(ports, "iptables");
  if (iptables !== undefined) {
    return `${iptables} -w -t nat -A OUTPUT -p tcp -d ${TARGET.host} --dport ${TARGET.port} -j REDIRECT --to-ports ${LISTENER_PORT}`;
  }
  const nft = findProgram(ports, "nft");
  if (nft === undefined) return undefined;
  return `${nft} "add table ip sampan; add chain ip sampan output { type nat hook output priority -100; }; add rule ip sampan output ip daddr ${TARGET.host} tcp dport ${TARGET.port} redirect to :${LISTENER_PORT}"`;
}

export function interceptionProbeCheck(): Check {
  return {
    ...INTERCEPTION_PROBE,
    async run(ports: CheckPorts) {
      const rule = ruleCommand(ports);
      // Without privileges or programs there is nothing to try; the checks before have said so.
      if (ports.machine.userId !== 0 || rule === undefined) return PASSED;
      const unshare = findProgram(ports, "unshare");
      if (unshare === undefined) {
        return fail({
          message: "unshare not found in system path",
          fix: "install it: sudo apt install util-linux",
        });
      }
      const target = [TARGET.host, String(TARGET.port), String(LISTENER_PORT)];
      const script = `ip link set lo up && ${rule} && exec "$@"`;
      const result = await runProgram(
        ports,
        [unshare, "--net", "sh", "-c", script, "sh", ...ports.machine.redirectProbe, ...target],
        PROBE_LIMIT_MS,
      );
      if (result.kind === "ended" && result.code === 0) return PASSED;
      const why =
        result.kind === "failed"
          ? result.reason
          : quoted(result.output.split("\n").at(-1) ?? "", 160);
      return fail({
        message: `a redirected connection did not arrive: ${why}`,
        fix: INTERCEPTION_PROBE.fix,
      });
    },
  };
}
