// A machine made of what a test says: a clean Linux with 8 GiB, whose files, ports and folders are given.
import type { Certificate, Machine, PathState, PortHolder } from "../machine.ts";

export interface FakeMachineOptions extends Partial<Omit<Machine, "portHolder">> {
  /** Path -> content; those of a clean machine are there unless overwritten. `undefined` takes one away. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  /** Path -> the errno that reading it ends with. */
  readonly unreadable?: Readonly<Record<string, string>>;
  /** Path -> what is there; a folder that everybody may write where nothing is said and no file is. */
  readonly paths?: Readonly<Record<string, PathState>>;
  /** "host:port" -> who holds it. */
  readonly holders?: Readonly<Record<string, PortHolder>>;
  readonly certificates?: Readonly<Record<string, readonly Certificate[] | string>>;
}

/** What the kernel of a machine says on which nothing is wrong. */
export const CLEAN_FILES: Readonly<Record<string, string>> = {
  "/proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
  "/proc/self/limits":
    "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            65536                1048576              files     \n",
  "/proc/self/status": "Name:\tbun\nCapEff:\t0000000000000000\n",
  "/proc/meminfo": "MemTotal:        8388608 kB\nMemAvailable:    6291456 kB\n",
  "/proc/self/cgroup": "0::/\n",
  "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
  "/proc/sys/net/ipv4/ip_local_reserved_ports": "\n",
  "/proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
  "/proc/sys/net/core/somaxconn": "4096\n",
  "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
  "/etc/resolv.conf": "nameserver 127.0.0.53\n",
};

export function fakeMachine(options: FakeMachineOptions = {}): Machine {
  const files: Readonly<Record<string, string | undefined>> = { ...CLEAN_FILES, ...options.files };
  const folder: PathState = {
    kind: "folder",
    mode: 0o755,
    ownerId: 1000,
    isWritable: true,
    isExecutable: true,
  };
  return {
    platform: "linux",
    hostname: "laptop",
    userId: 1000,
    cpuCount: 4,
    memoryBytes: 8 * 1024 ** 3,
    runtimeVersion: "1.4.5",
    redirectProbe: ["redirect-probe"],
    readText: (path) => {
      const code = options.unreadable?.[path];
      if (code !== undefined) return { kind: "failed", code };
      const text = files[path];
      return text === undefined ? { kind: "missing" } : { kind: "read", text };
    },
    list: () => undefined,
    inspect: (path) => {
      const told = options.paths?.[path];
      if (told !== undefined) return told;
      return files[path] === undefined ? folder : { ...folder, kind: "file", mode: 0o644 };
    },
    freeBytes: () => 50 * 1024 ** 3,
    portHolder: (host, port) => options.holders?.[`${host}:${port}`],
    readCertificates: (path) => {
      const found = options.certificates?.[path];
      if (found === undefined) return { kind: "missing" };
      return typeof found === "string"
        ? { kind: "failed", reason: found }
        : { kind: "read", certificates: found };
    },
    ...pickOwn(options),
  };
}

/** The members of the port itself that a test gives. */
function pickOwn(options: FakeMachineOptions): Partial<Machine> {
  const { files, unreadable, paths, holders, certificates, ...own } = options;
  return own;
}
