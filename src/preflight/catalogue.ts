// Every check that there is, for `--list`, for the ignore list and for docs/reference/preflight.md.
import { CATEGORIES, type CheckDescription } from "./check.ts";
import { CERT_EXPIRY } from "./checks/certificates.ts";
import { CLOCK, CLOCK_SKEW } from "./checks/clock.ts";
import { CONFIG } from "./checks/configuration.ts";
import { FIREWALLD } from "./checks/firewall.ts";
import { DIR_AVAILABLE, DISK } from "./checks/folders.ts";
import { FILE_CONTENTS, KERNEL_MODULES } from "./checks/interception/kernel.ts";
import { IS_PRIVILEGED_USER, NET_ADMIN } from "./checks/interception/privileges.ts";
import { INTERCEPTION_PROBE } from "./checks/interception/probe.ts";
import { PROXY_USER } from "./checks/interception/proxy-user.ts";
import {
  FILE_EXISTING_IP,
  FILE_EXISTING_IPTABLES,
  IPTABLES_BACKEND,
} from "./checks/interception/tools.ts";
import { CONNTRACK, EPHEMERAL_PORTS, SOMAXCONN } from "./checks/kernel-network.ts";
import { LOOPBACK } from "./checks/loopback.ts";
import { DNS, HOSTNAME, RESOLVER } from "./checks/names.ts";
import { OPEN_FILES } from "./checks/open-files.ts";
import { PORT } from "./checks/port.ts";
import { HTTP_PROXY_ENV } from "./checks/proxy-environment.ts";
import { CGROUP_LIMIT, MEM, NUM_CPU } from "./checks/resources.ts";
import { SWAP } from "./checks/swap.ts";
import { UNPRIVILEGED_PORTS } from "./checks/unprivileged-ports.ts";
import { VERSION_SKEW } from "./checks/version-skew.ts";
import { ENVOY_ON_PATH, ENVOY_VERSION, RUNTIME_VERSION } from "./checks/versions.ts";

const ALL: readonly CheckDescription[] = [
  ...[NUM_CPU, MEM, CGROUP_LIMIT, SWAP, OPEN_FILES],
  ...[PORT, UNPRIVILEGED_PORTS, LOOPBACK, EPHEMERAL_PORTS, SOMAXCONN, CONNTRACK],
  ...[HTTP_PROXY_ENV, FIREWALLD],
  ...[CLOCK, CLOCK_SKEW],
  ...[HOSTNAME, DNS, RESOLVER],
  ...[DIR_AVAILABLE, DISK, CERT_EXPIRY],
  ...[RUNTIME_VERSION, ENVOY_ON_PATH, ENVOY_VERSION, VERSION_SKEW],
  CONFIG,
  ...[IS_PRIVILEGED_USER, NET_ADMIN, FILE_EXISTING_IPTABLES, FILE_EXISTING_IP, IPTABLES_BACKEND],
  ...[KERNEL_MODULES, ...FILE_CONTENTS, PROXY_USER, INTERCEPTION_PROBE],
];

/** By category, and within it in the order in which they are run. */
export const CATALOGUE: readonly CheckDescription[] = CATEGORIES.flatMap((category) =>
  ALL.filter((check) => check.category === category),
);

/** What `--ignore-preflight-errors` and `--only` take; "Port-<port>" stands for every port. */
export const KNOWN_NAMES: readonly string[] = CATALOGUE.map(({ name }) => name);
