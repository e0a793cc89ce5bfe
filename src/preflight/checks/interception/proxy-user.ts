// The user that the proxy runs as: it exists, and no application is it.
import { quoted } from "#base/log.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  warn,
} from "../../check.ts";
import { readText } from "../../proc.ts";

/** Istio's, as its rules have it. */
const PROXY_USER_ID = "1337";
/** Of processes that are in the way, so many are named. */
const MAX_NAMED = 5;

export const PROXY_USER: CheckDescription = {
  name: "ProxyUser",
  category: "interception",
  severity: "warning",
  summary: "user 1337 exists, and no application runs as it",
  why: "The rules let this user's own traffic pass: an application that is it bypasses its sidecar, a proxy that is not it loops.",
  fix: "sudo useradd --uid 1337 --system --no-create-home sampan-proxy",
};

/** Names of programs that run as the proxy's user and are no proxy. */
function strangers({ machine }: CheckPorts): string[] {
  const names: string[] = [];
  for (const entry of machine.list("/proc") ?? []) {
    if (!/^\d{1,10}$/.test(entry)) continue;
    const status = readText(machine, `/proc/${entry}/status`) ?? "";
    if (/^Uid:\t(\d+)\t/m.exec(status)?.[1] !== PROXY_USER_ID) continue;
    const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? "?";
    if (!["envoy", "sampan", "bun", "pilot-agent"].includes(name)) {
      names.push(`${quoted(name, 32)} (process ${entry})`);
    }
  }
  return names;
}

export function proxyUserCheck(): Check {
  return {
    ...PROXY_USER,
    run(ports: CheckPorts) {
      const users = (readText(ports.machine, "/etc/passwd") ?? "").split("\n");
      const findings: Finding[] = [];
      if (!users.some((line) => line.split(":")[2] === PROXY_USER_ID)) {
        findings.push({
          message: `no user has the id ${PROXY_USER_ID}`,
          fix: `run "${PROXY_USER.fix}"`,
          command: PROXY_USER.fix,
        });
      }
      const names = strangers(ports);
      if (names.length > 0) {
        findings.push({
          message: `applications run as user ${PROXY_USER_ID}: ${names.slice(0, MAX_NAMED).join(", ")}; their traffic would bypass the proxy`,
          fix: "run them as another user",
        });
      }
      return warn(...findings);
    },
  };
}
