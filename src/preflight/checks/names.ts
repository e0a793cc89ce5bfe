// Names: this host's own, localhost, those that the configuration connects to, and the resolver that answers for them.
import { isIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  PASSED,
  warn,
} from "../check.ts";
import { whyUnreachable } from "../connect.ts";
import { readText, within } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";

export const HOSTNAME: CheckDescription = {
  name: "Hostname",
  category: "names",
  severity: "warning",
  summary: "the host name is well formed and can be looked up",
  why: "Nodes are named after it; some programs look themselves up when they start and wait for an answer.",
  fix: "give the machine a name (hostnamectl set-hostname) and a line in /etc/hosts",
};

export const DNS: CheckDescription = {
  name: "DNS",
  category: "names",
  severity: "warning",
  summary: "localhost is this machine, and the host names of the configuration can be looked up",
  why: "A cluster whose name has no address has no endpoint: requests to it are answered with 503.",
  fix: "correct the name in the configuration, /etc/hosts or the resolver",
};

export const RESOLVER: CheckDescription = {
  name: "Resolver",
  category: "names",
  severity: "warning",
  summary: "the resolver of /etc/resolv.conf answers",
  why: "Without it only /etc/hosts is left.",
  fix: "name a server in /etc/resolv.conf, or start systemd-resolved",
};

/** A resolver that is well answers from its cache in a millisecond, and from the world in some hundred. */
const LOOKUP_LIMIT_MS = 2_000;
/** A configuration may name thousands; the first tell whether looking up works. */
const MAX_LOOKUPS = 16;
/** resolv.conf(5): MAXNS. */
const MAX_NAME_SERVERS = 3;
const RESOLV_CONF = "/etc/resolv.conf";

/** RFC 1123: labels of letters, digits and hyphens. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** The words are Kubernetes' own for the same rule. */
function whyMalformed(hostname: string): string | undefined {
  if (hostname.length > 253) return "must be no more than 253 characters";
  return hostname.split(".").every((label) => LABEL.test(label))
    ? undefined
    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
}

/** Why the name has no address; undefined when it has. */
async function whyUnresolved(
  { dns, timers }: CheckPorts,
  hostname: string,
): Promise<string | undefined> {
  const resolution = await within(timers, LOOKUP_LIMIT_MS, dns.resolve(hostname));
  if (resolution === undefined) return `no answer within ${LOOKUP_LIMIT_MS / 1_000} s`;
  if (resolution.kind === "failed") return resolution.reason;
  return resolution.addresses.length === 0 ? "it has no address" : undefined;
}

export function hostnameCheck(): Check {
  return {
    ...HOSTNAME,
    async run(ports: CheckPorts) {
      const { hostname } = ports.machine;
      const malformed = whyMalformed(hostname);
      if (malformed !== undefined) {
        return warn({
          message: `invalid node name format ${quoted(hostname)}: ${malformed}`,
          fix: 'run "sudo hostnamectl set-hostname NAME"',
        });
      }
      const reason = await whyUnresolved(ports, hostname);
      if (reason === undefined) return PASSED;
      const command = `echo "127.0.1.1 ${hostname}" | sudo tee -a /etc/hosts`;
      return warn({
        message: `hostname "${hostname}" could not be reached: ${reason}`,
        fix: `add a line to /etc/hosts: "127.0.1.1 ${hostname}"`,
        command,
      });
    },
  };
}

async function localhostFinding({ dns, timers }: CheckPorts): Promise<Finding | undefined> {
  const resolution = await within(timers, LOOKUP_LIMIT_MS, dns.resolve("localhost"));
  const addresses = resolution?.kind === "resolved" ? resolution.addresses : [];
  if (addresses.includes("127.0.0.1") || addresses.includes("::1")) return undefined;
  const found = addresses.length === 0 ? "no address" : addresses.slice(0, 4).join(", ");
  return {
    message: `localhost is ${found}, not 127.0.0.1`,
    fix: 'add the line "127.0.0.1 localhost" to /etc/hosts',
    command: 'echo "127.0.0.1 localhost" | sudo tee -a /etc/hosts',
  };
}

export function dnsCheck({ hostnames }: PreflightSettings): Check {
  return {
    ...DNS,
    async run(ports: CheckPorts) {
      const asked = [...new Set(hostnames)].filter((name) => !isIp(name)).slice(0, MAX_LOOKUPS);
      const [localhost, ...reasons] = await Promise.all([
        localhostFinding(ports),
        ...asked.map((name) => whyUnresolved(ports, name)),
      ]);
      const warnings: Finding[] = localhost === undefined ? [] : [localhost];
      for (const [index, name] of asked.entries()) {
        const reason = reasons[index];
        if (reason === undefined) continue;
        warnings.push({
          message: `the host name ${quoted(name)} of the configuration cannot be looked up: ${reason}`,
          fix: DNS.fix,
        });
      }
      return { warnings, errors: [] };
    },
  };
}

export function resolverCheck(): Check {
  return {
    ...RESOLVER,
    async run(ports: CheckPorts) {
      if (ports.machine.platform !== "linux") return PASSED;
      const text = readText(ports.machine, RESOLV_CONF);
      const servers = [...(text ?? "").matchAll(/^nameserver[ \t]+(\S{1,64})/gm)].map(
        ([, server]) => server ?? "",
      );
      if (servers.length === 0) {
        const message = text === undefined ? "cannot be read" : "names no name server";
        return warn({
          message: `${RESOLV_CONF} ${message}`,
          fix: `add a line to ${RESOLV_CONF}, for example "nameserver 9.9.9.9"`,
        });
      }
      const warnings: Finding[] = [];
      if (servers.length > MAX_NAME_SERVERS) {
        warnings.push({
          message: `${RESOLV_CONF} names ${servers.length} name servers; only the first ${MAX_NAME_SERVERS} are asked`,
          fix: "remove the others",
        });
      }
      // Servers elsewhere are for the DNS check to find out about; a stub on this machine can be asked at once.
      const stub = servers.find((server) => server.startsWith("127."));
      const reason =
        stub === undefined
          ? undefined
          : await whyUnreachable(ports, { host: stub, port: 53 }, LOOKUP_LIMIT_MS);
      if (reason !== undefined) {
        warnings.push({
          message: `the name server ${stub} of ${RESOLV_CONF} does not answer: ${reason}`,
          fix: 'start it: "sudo systemctl start systemd-resolved"',
          command: "sudo systemctl start systemd-resolved",
        });
      }
      return { warnings, errors: [] };
    },
  };
}
