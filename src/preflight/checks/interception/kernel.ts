// What the kernel was built with and how it is set, as far as redirection needs it.
import { type Check, type CheckDescription, type CheckPorts, PASSED, warn } from "../../check.ts";
import { readText } from "../../proc.ts";

export const KERNEL_MODULES: CheckDescription = {
  name: "KernelModules",
  category: "interception",
  severity: "warning",
  summary: "the kernel has what redirection is made of",
  why: "A rule with a target or match that the kernel lacks is refused.",
  fix: "load the modules with modprobe, or install the kernel's package of extra modules",
};

interface Feature {
  readonly option: string;
  /** nf_tables has its own. */
  readonly orOption?: string;
  readonly module: string;
}

const FEATURES: readonly Feature[] = [
  { option: "CONFIG_NF_NAT", module: "nf_nat" },
  {
    option: "CONFIG_NETFILTER_XT_TARGET_REDIRECT",
    orOption: "CONFIG_NFT_REDIR",
    module: "xt_REDIRECT",
  },
  { option: "CONFIG_NETFILTER_XT_MATCH_OWNER", orOption: "CONFIG_NFT_META", module: "xt_owner" },
  {
    option: "CONFIG_NETFILTER_XT_MATCH_CONNTRACK",
    orOption: "CONFIG_NFT_CT",
    module: "xt_conntrack",
  },
  {
    option: "CONFIG_NETFILTER_XT_TARGET_TPROXY",
    orOption: "CONFIG_NFT_TPROXY",
    module: "xt_TPROXY",
  },
];

/** Where distributions put it; the first that is there tells. The adapter unpacks what ends in .gz. */
const configPlaces = (release: string): readonly string[] => [
  "/proc/config.gz",
  `/boot/config-${release}`,
  `/usr/lib/modules/${release}/config`,
  `/lib/modules/${release}/config`,
];

/** A release is part of a path: letters, digits and a few signs. */
const RELEASE = /^[\w.+~-]{1,128}$/;

function kernelConfig({ machine }: CheckPorts): string | undefined {
  const release = (readText(machine, "/proc/sys/kernel/osrelease") ?? "").trim();
  for (const place of configPlaces(RELEASE.test(release) ? release : "unknown")) {
    const text = readText(machine, place);
    if (text?.includes("CONFIG_")) return text;
  }
  return undefined;
}

const isLoaded = (modules: string, { module }: Feature): boolean =>
  modules.split("\n").some((line) => line.startsWith(`${module} `));

export function kernelModulesCheck(): Check {
  return {
    ...KERNEL_MODULES,
    run(ports: CheckPorts) {
      const modules = readText(ports.machine, "/proc/modules") ?? "";
      const config = kernelConfig(ports);
      if (config === undefined) {
        const unseen = FEATURES.filter((feature) => !isLoaded(modules, feature));
        if (unseen.length === 0) return PASSED;
        return warn({
          message: `cannot tell whether the kernel has ${unseen.map(({ module }) => module).join(", ")}: its configuration is not to be found`,
          fix: 'run "sudo modprobe configs" so that /proc/config.gz appears; the InterceptionProbe check tries it out',
          command: "sudo modprobe configs",
        });
      }
      const options = new Set(
        [...config.matchAll(/^(CONFIG_\w+)=[ym]$/gm)].map(([, option]) => option),
      );
      const missing = FEATURES.filter(
        (feature) =>
          !options.has(feature.option) &&
          !(feature.orOption !== undefined && options.has(feature.orOption)) &&
          !isLoaded(modules, feature),
      );
      return warn(
        ...missing.map(({ option, module }) => ({
          message: `the kernel was built without ${option}`,
          fix: `run "sudo modprobe ${module}"; where that fails, install the kernel's package of extra modules`,
          command: `sudo modprobe ${module}`,
        })),
      );
    },
  };
}

interface Setting {
  readonly path: string;
  /** What its content may be. */
  readonly wanted: readonly string[];
  readonly why: string;
}

const SETTINGS: readonly Setting[] = [
  {
    path: "/proc/sys/net/ipv4/ip_forward",
    wanted: ["1"],
    why: "A gateway that passes packets on for others needs it.",
  },
  {
    path: "/proc/sys/net/ipv4/conf/all/route_localnet",
    wanted: ["1"],
    why: "Packets from outside are redirected to a sidecar on 127.0.0.0/8 only with it.",
  },
  {
    path: "/proc/sys/net/ipv4/conf/all/rp_filter",
    wanted: ["0", "2"],
    why: "TPROXY keeps the client's address, and strict filtering drops such packets.",
  },
];

/** Kubeadm's name for a file's content: every `/` is `-`. */
const nameOf = ({ path }: Setting): string => `FileContent-${path.replaceAll("/", "-")}`;

function describe(setting: Setting): CheckDescription {
  return {
    name: nameOf(setting),
    category: "interception",
    severity: "warning",
    summary: `${setting.path} is ${setting.wanted.join(" or ")}`,
    why: setting.why,
    fix: `sudo sysctl -w ${sysctlOf(setting)}`,
  };
}

/** "net.ipv4.ip_forward=1" */
function sysctlOf({ path, wanted }: Setting): string {
  return `${path.replace("/proc/sys/", "").replaceAll("/", ".")}=${wanted.at(-1) ?? ""}`;
}

export const FILE_CONTENTS: readonly CheckDescription[] = SETTINGS.map(describe);

export function fileContentChecks(): Check[] {
  return SETTINGS.map((setting) => ({
    ...describe(setting),
    run({ machine }: CheckPorts) {
      const { path, wanted } = setting;
      const command = `sudo sysctl -w ${sysctlOf(setting)}`;
      const remedy = { fix: `run "${command}"`, command };
      const reading = machine.readText(path);
      if (reading.kind === "missing") return warn({ message: `${path} does not exist`, ...remedy });
      if (reading.kind === "failed") {
        return warn({ message: `${path} could not be read`, ...remedy });
      }
      if (wanted.includes(reading.text.trim())) return PASSED;
      return warn({
        message: `${path} contents are not set to ${wanted.join(" or ")}`,
        ...remedy,
      });
    },
  }));
}
