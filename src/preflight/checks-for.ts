// Which checks a command runs, in the order in which it reports them.
import type { Check } from "./check.ts";
import { certExpiryCheck } from "./checks/certificates.ts";
import { clockCheck, clockSkewCheck } from "./checks/clock.ts";
import { configCheck } from "./checks/configuration.ts";
import { firewalldCheck } from "./checks/firewall.ts";
import { dirAvailableCheck, diskCheck } from "./checks/folders.ts";
import { fileContentChecks, kernelModulesCheck } from "./checks/interception/kernel.ts";
import { isPrivilegedUserCheck, netAdminCheck } from "./checks/interception/privileges.ts";
import { interceptionProbeCheck } from "./checks/interception/probe.ts";
import { proxyUserCheck } from "./checks/interception/proxy-user.ts";
import {
  fileExistingIpCheck,
  fileExistingIptablesCheck,
  iptablesBackendCheck,
} from "./checks/interception/tools.ts";
import { conntrackCheck, ephemeralPortsCheck, somaxconnCheck } from "./checks/kernel-network.ts";
import { loopbackCheck } from "./checks/loopback.ts";
import { dnsCheck, hostnameCheck, resolverCheck } from "./checks/names.ts";
import { openFilesCheck } from "./checks/open-files.ts";
import { portChecks } from "./checks/port.ts";
import { httpProxyEnvCheck } from "./checks/proxy-environment.ts";
import { cgroupLimitCheck, memCheck, numCpuCheck } from "./checks/resources.ts";
import { swapCheck } from "./checks/swap.ts";
import { unprivilegedPortsCheck } from "./checks/unprivileged-ports.ts";
import { versionSkewCheck } from "./checks/version-skew.ts";
import { envoyOnPathCheck, envoyVersionCheck, runtimeVersionCheck } from "./checks/versions.ts";
import type { PreflightCommand, PreflightSettings } from "./settings.ts";

/** Of the machine: files of the kernel, read at once. */
const machineChecks = (settings: PreflightSettings): Check[] => [
  numCpuCheck(settings),
  memCheck(settings),
  cgroupLimitCheck(settings),
  swapCheck(),
  openFilesCheck(settings),
];

const portAndKernelChecks = (settings: PreflightSettings): Check[] => [
  ...portChecks(settings.ports),
  unprivilegedPortsCheck(settings),
  ephemeralPortsCheck(settings),
  somaxconnCheck(),
  conntrackCheck(),
];

const fileChecks = (settings: PreflightSettings): Check[] =>
  settings.folders.length === 0 ? [] : [dirAvailableCheck(settings), diskCheck(settings)];

const interceptionChecks = (): Check[] => [
  isPrivilegedUserCheck(),
  netAdminCheck(),
  fileExistingIptablesCheck(),
  fileExistingIpCheck(),
  iptablesBackendCheck(),
  kernelModulesCheck(),
  ...fileContentChecks(),
  proxyUserCheck(),
  interceptionProbeCheck(),
];

/** What a process asks before it starts: nothing that waits for an answer or runs a program, so that the start stays quick. */
function ownChecks(settings: PreflightSettings): Check[] {
  return [
    ...machineChecks(settings),
    ...portAndKernelChecks(settings),
    clockCheck(),
    ...fileChecks(settings),
    ...(settings.certificates.length === 0 ? [] : [certExpiryCheck(settings)]),
    runtimeVersionCheck(settings),
  ];
}

/** Everything, for `sampan preflight` and for `up`, which starts all the others. */
function allChecks(settings: PreflightSettings): Check[] {
  const isEnvoy = settings.dataPlane === "envoy";
  return [
    ...machineChecks(settings),
    ...portAndKernelChecks(settings),
    ...(settings.loopback.length === 0 ? [] : [loopbackCheck(settings)]),
    httpProxyEnvCheck(),
    firewalldCheck(settings),
    clockCheck(),
    ...(settings.pilot === undefined ? [] : [clockSkewCheck(settings)]),
    hostnameCheck(),
    dnsCheck(settings),
    resolverCheck(),
    ...fileChecks(settings),
    ...(settings.certificates.length === 0 ? [] : [certExpiryCheck(settings)]),
    runtimeVersionCheck(settings),
    ...(isEnvoy ? [envoyOnPathCheck(), envoyVersionCheck()] : []),
    ...(settings.pilot === undefined ? [] : [versionSkewCheck(settings)]),
    ...(settings.readConfiguration === undefined ? [] : [configCheck(settings)]),
    ...(settings.interception ? interceptionChecks() : []),
  ];
}

/** `isPhase`: the command itself begins with them, so `pilot` and `proxy` take the quick ones that concern themselves. */
export function checksFor(
  command: PreflightCommand,
  settings: PreflightSettings,
  isPhase: boolean,
): readonly Check[] {
  return isPhase && command !== "up" ? ownChecks(settings) : allChecks(settings);
}
