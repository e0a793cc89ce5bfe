// Checks of ports and addresses, and of the kernel's room for connections.
import { describe, expect, test } from "bun:test";
import type { WantedPort } from "../settings.ts";
import { fakePorts, found, outcomeOf, SETTINGS, type World } from "../testing/run-check.ts";
import { firewalldCheck } from "./firewall.ts";
import { conntrackCheck, ephemeralPortsCheck, somaxconnCheck } from "./kernel-network.ts";
import { loopbackCheck } from "./loopback.ts";
import { portChecks } from "./port.ts";
import { httpProxyEnvCheck } from "./proxy-environment.ts";
import { unprivilegedPortsCheck } from "./unprivileged-ports.ts";

function wanted(host: string, port: number): WantedPort {
  const alternative = "choose another one with --xds-address";
  return { address: { host, port }, purpose: "the pilot's xDS", alternative, isShared: false };
}

const settings = (...ports: readonly WantedPort[]) => ({ ...SETTINGS, ports });

describe("Port", () => {
  const XDS = wanted("127.0.0.1", 15010);
  const busy = (world: Partial<World> = {}): World => ({
    net: { unlistenable: { "127.0.0.1:15010": "EADDRINUSE" } },
    ...world,
  });
  async function findings(world: World, ...ports: readonly WantedPort[]): Promise<string[]> {
    const lines: string[] = [];
    for (const check of portChecks(ports)) {
      for (const line of await found(check, world)) lines.push(`${check.name} ${line}`);
    }
    return lines;
  }

  test("a free port is let go again", () => {
    const net = fakePorts().net as ReturnType<typeof import("../testing/fake-net.ts").fakeNet>;
    const [check] = portChecks([XDS]);
    expect(check?.run({ ...fakePorts(), net })).toEqual({ warnings: [], errors: [] });
    expect(net.opened()).toBe(0);
  });

  test.each<[string, string]>([
    ["/usr/bin/python3 -m http.server 15010", "python3 -m http.server 15010"],
    ["nc -l 15010", "nc -l 15010"],
    ["", ""],
    ["/a/bun.exe /opt/sampan/src/cli/main.ts pilot --config mesh", "sampan pilot --config mesh"],
    ["/a/bun.exe /opt/sampan/src/cli/main.ts", "sampan"],
    ["x\u001b[31m\nred", "x\\u001b[31m\\nred"],
    ["y".repeat(100), `${"y".repeat(80)}…`],
  ])("the holder %j is told as %j", async (command, told) => {
    const world = busy({ machine: { holders: { "127.0.0.1:15010": { pid: 4711, command } } } });
    expect(await findings(world, XDS)).toEqual([
      `Port-15010 E Port 15010 is in use: 127.0.0.1:15010 is held by process 4711 (${told})`,
    ]);
  });

  test("a mesh of ours is stopped as a whole, and a port without another is only that", async () => {
    const heldBy = (command: string): World =>
      busy({ machine: { holders: { "127.0.0.1:15010": { pid: 1, command } } } });
    const world = heldBy("/a/bun /opt/sampan/src/cli/main.ts proxy -c host.json");
    const envoy = heldBy("envoy -c /home/joe/.local/state/sampan/meshes/15014/proxies/host.json");
    const fixes = async (port: WantedPort, where: World): Promise<string | undefined> => {
      const [check] = portChecks([port]);
      return check && (await outcomeOf(check, where)).errors[0]?.fix;
    };
    const alone: WantedPort = { ...XDS, alternative: undefined };
    const ours = 'stop that mesh: "sampan down", or Ctrl-C in its terminal';
    expect(await fixes(XDS, world)).toBe(`${ours}, or choose another one with --xds-address`);
    expect(await fixes(alone, world)).toBe(ours);
    expect(await fixes(alone, envoy)).toBe(ours);
    expect(await fixes(alone, busy())).toBe("stop that process");
  });

  test("a holder that cannot be seen is said to be so", async () => {
    expect(await findings(busy(), XDS)).toEqual([
      "Port-15010 E Port 15010 is in use: 127.0.0.1:15010 is held by a process that only root may see",
    ]);
    expect((await findings(busy({ machine: { userId: 0 } }), XDS))[0]).toEndWith(
      "a process that cannot be seen from here",
    );
  });

  test("the same port at two addresses is one check, and each address is told", async () => {
    const ports = [wanted("127.0.0.1", 15000), wanted("127.0.1.1", 15000), wanted("::1", 15000)];
    const net = { unlistenable: { ":15000": "EADDRINUSE" } };
    const lines = await findings({ net }, ...ports);
    expect(lines.map((line) => /\S+:15000/.exec(line)?.[0])).toEqual([
      "127.0.0.1:15000",
      "127.0.1.1:15000",
      "[::1]:15000",
    ]);
    expect(portChecks(ports).map(({ name }) => name)).toEqual(["Port-15000"]);
  });

  test("an address that is not ours has its own words, and port 0 is always free", async () => {
    const net = { unlistenable: { "10.1.2.3": "EADDRNOTAVAIL" } };
    const ports = [wanted("10.1.2.3", 80), wanted("10.1.2.3", 0)];
    expect(await findings({ net, machine: { userId: 0 } }, ...ports)).toEqual([
      "Port-80 E Port 80 cannot be listened on: 10.1.2.3:80: EADDRNOTAVAIL",
    ]);
  });

  test("a port for root only is the business of UnprivilegedPorts, but for other reasons of EACCES", async () => {
    const net = { unlistenable: { "127.0.0.1": "EACCES" } };
    expect(await findings({ net }, wanted("127.0.0.1", 80))).toEqual([]);
    expect(await findings({ net }, wanted("127.0.0.1", 8080))).toEqual([
      "Port-8080 E Port 8080 cannot be listened on: 127.0.0.1:8080: EACCES",
    ]);
  });
});

describe("UnprivilegedPorts", () => {
  const START = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  const STATUS = "/proc/self/status";
  const NONE = { [STATUS]: "CapEff:\t0000000000000000\n" };
  const BIND = { [STATUS]: "CapEff:\t0000000000000400\n" };
  const refused = (port: number, start: number): string =>
    `E Port ${port} (the pilot's xDS) is for root only: this user may listen on ports from ${start} on`;
  test.each<[string, World["machine"], readonly number[], readonly string[]]>([
    ["high ports", { files: NONE }, [8080, 1024], []],
    ["80", { files: NONE }, [8080, 80], [refused(80, 1024)]],
    ["80 and 443", { files: NONE }, [80, 443], [refused(80, 1024), refused(443, 1024)]],
    ["80 with the capability", { files: BIND }, [80], []],
    ["80 as root", { files: { [STATUS]: undefined }, userId: 0 }, [80], []],
    ["80 as root without the capability", { files: NONE, userId: 0 }, [80], [refused(80, 1024)]],
    ["80 where the border is lower", { files: { ...NONE, [START]: "80\n" } }, [80], []],
    [
      "8080 where it is higher",
      { files: { ...NONE, [START]: "9000" } },
      [8080],
      [refused(8080, 9000)],
    ],
    [
      "80 where the kernel does not tell",
      { files: { ...NONE, [START]: "" } },
      [80],
      [refused(80, 1024)],
    ],
    ["80 on another system", { files: NONE, platform: "darwin" }, [80], []],
    ["a port that the kernel finds", { files: NONE }, [0], []],
  ])("%s", async (_name, machine, numbers, expected) => {
    const ports = numbers.map((port) => wanted("127.0.0.1", port));
    const check = unprivilegedPortsCheck(settings(...ports));
    expect(await found(check, { machine: machine ?? {} })).toEqual(expected);
  });

  test("one command lowers the border to the lowest of them", async () => {
    const check = unprivilegedPortsCheck(settings(wanted("a", 443), wanted("a", 80)));
    const { errors } = await outcomeOf(check);
    const command = "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80";
    expect(errors.map((finding) => finding.command)).toEqual([command, command]);
  });
});

describe("Loopback", () => {
  const check = loopbackCheck({ ...SETTINGS, loopback: ["127.0.0.1", "127.0.1.1", "127.240.0.1"] });
  test.each<[string, World, readonly string[]]>([
    ["all there", {}, []],
    [
      "macOS",
      { net: { unlistenable: { "127.240.0.1": "EADDRNOTAVAIL", "127.0.1.1": "EADDRNOTAVAIL" } } },
      ["E 127.0.1.1, 127.240.0.1: cannot be listened on: EADDRNOTAVAIL"],
    ],
    [
      "interface down",
      { net: { unreachable: { "127.0.0.1": "ENETUNREACH", "127.0.1.1": "silence" } } },
      [
        "E 127.0.0.1: cannot be connected to: ENETUNREACH",
        "E 127.0.1.1: cannot be connected to: no answer",
      ],
    ],
  ])("%s", async (_name, world, expected) => {
    expect(await found(check, world)).toEqual(expected);
  });

  test("the remedy is the system's", async () => {
    const net = { unlistenable: { "127.240.0.1": "EADDRNOTAVAIL" } };
    const linux = await outcomeOf(check, { net });
    expect(linux.errors[0]?.command).toBe("sudo ip link set lo up");
    const mac = await outcomeOf(check, { net, machine: { platform: "darwin" } });
    expect(mac.errors[0]?.command).toBe("sudo ifconfig lo0 alias 127.240.0.1 up");
  });
});

describe("EphemeralPorts", () => {
  const check = ephemeralPortsCheck(
    settings(wanted("127.0.0.1", 15010), wanted("127.0.0.1", 8080)),
  );
  const few = (range: string, count: number): string =>
    `W the range of ephemeral ports ${range} has room for ${count} connections to one address, less than 10000`;
  const holds = (range: string, ports: string): string =>
    `W the range of ephemeral ports ${range} holds ports that are listened on: ${ports}; a connection of another program may take them`;
  test.each<[string, string, readonly string[]]>([
    ["32768\t60999\n", "\n", []],
    ["50000 59999", "\n", []],
    ["50000 59998", "\n", [few("50000-59998", 9_999)]],
    ["1024\t65535\n", "\n", [holds("1024-65535", "8080, 15010")]],
    ["1024\t65535\n", "8080,15000-15090\n", []],
    ["1024\t65535\n", "8000-9000\n", [holds("1024-65535", "15010")]],
    ["15010 15010", "", [few("15010-15010", 1), holds("15010-15010", "15010")]],
    ["60999 32768", "", []],
    ["from here to there", "", []],
  ])("range %j, reserved %j", async (range, reserved, expected) => {
    const files = {
      "/proc/sys/net/ipv4/ip_local_port_range": range,
      "/proc/sys/net/ipv4/ip_local_reserved_ports": reserved,
    };
    expect(await found(check, { machine: { files } })).toEqual(expected);
  });

  test("the remedy keeps what was reserved before", async () => {
    const files = {
      "/proc/sys/net/ipv4/ip_local_port_range": "1024 65535",
      "/proc/sys/net/ipv4/ip_local_reserved_ports": "8080\n",
    };
    const { warnings } = await outcomeOf(check, { machine: { files } });
    expect(warnings[0]?.command).toBe("sudo sysctl -w net.ipv4.ip_local_reserved_ports=8080,15010");
  });
});

test.each<[string, readonly string[]]>([
  ["4096\n", []],
  ["1024", []],
  ["128\n", ["W net.core.somaxconn (128) is less than the recommended 1024"]],
  ["-1", []],
  ["", []],
])("Somaxconn: %j", async (text, expected) => {
  const files = { "/proc/sys/net/core/somaxconn": text };
  expect(await found(somaxconnCheck(), { machine: { files } })).toEqual(expected);
});

test.each<[string | undefined, string | undefined, readonly string[]]>([
  [undefined, undefined, []],
  ["262144", "12", []],
  ["262144", "258048", []],
  [
    "262144",
    "258049",
    [
      "W the connection tracking table has room for 4095 more connections (258049 of 262144 are used), less than 4096",
    ],
  ],
  [
    "100",
    "200",
    [
      "W the connection tracking table has room for 0 more connections (200 of 100 are used), less than 4096",
    ],
  ],
  ["0", "200", []],
  ["max", "200", []],
])("Conntrack: at most %s, used %s", async (max, count, expected) => {
  const files = {
    "/proc/sys/net/netfilter/nf_conntrack_max": max,
    "/proc/sys/net/netfilter/nf_conntrack_count": count,
  };
  expect(await found(conntrackCheck(), { machine: { files } })).toEqual(expected);
});

describe("HTTPProxyEnv", () => {
  const uses = (url: string, name: string, host = "127.0.0.1"): string =>
    `W Connection to "http://${host}" uses proxy "${url}" (${name}). If that is not intended, adjust your proxy settings`;
  const PROXY = "http://proxy.corp:3128";
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["none", {}, []],
    ["empty", { http_proxy: "" }, []],
    ["set", { http_proxy: PROXY }, [uses(PROXY, "http_proxy")]],
    ["in capitals", { HTTP_PROXY: PROXY }, [uses(PROXY, "HTTP_PROXY")]],
    [
      "several",
      { http_proxy: PROXY, https_proxy: PROXY, ALL_PROXY: "socks5://x" },
      [uses(PROXY, "http_proxy"), uses(PROXY, "https_proxy"), uses("socks5://x", "ALL_PROXY")],
    ],
    [
      "a password stays secret",
      { http_proxy: "http://joe:s3@cr/et@p:1" },
      [uses("http://p:1", "http_proxy")],
    ],
    ["a sidecar on loopback is meant so", { http_proxy: "http://127.0.1.5:15001" }, []],
    ["localhost too", { http_proxy: "localhost:8888" }, []],
    ["and ::1", { http_proxy: "http://[::1]:8888/" }, []],
    ["everything excepted", { http_proxy: PROXY, no_proxy: "*" }, []],
    [
      "excepted by block and name",
      { http_proxy: PROXY, NO_PROXY: "10.0.0.0/8, 127.0.0.0/8, LOCALHOST" },
      [],
    ],
    ["excepted by address and name", { http_proxy: PROXY, NO_PROXY: "127.0.0.1,localhost" }, []],
    [
      "the name is not",
      { http_proxy: PROXY, NO_PROXY: "127.0.0.0/8" },
      [uses(PROXY, "http_proxy", "localhost")],
    ],
    [
      "the address is not",
      { http_proxy: PROXY, NO_PROXY: ".localhost,localhost" },
      [uses(PROXY, "http_proxy")],
    ],
    [
      "a block that is none",
      { http_proxy: PROXY, NO_PROXY: "127.0.0.0/,/8,::/0,localhost" },
      [uses(PROXY, "http_proxy")],
    ],
  ])("%s", async (_name, env, expected) => {
    expect(await found(httpProxyEnvCheck(), { env })).toEqual(expected);
  });

  test("the remedy keeps what was excepted before", async () => {
    const env = { http_proxy: PROXY, NO_PROXY: "corp.example,localhost" };
    const { warnings } = await outcomeOf(httpProxyEnvCheck(), { env });
    expect(warnings[0]?.command).toBe("export NO_PROXY=corp.example,localhost,127.0.0.0/8");
  });
});

describe("Firewalld", () => {
  const OPEN = [wanted("0.0.0.0", 15010), wanted("127.0.0.1", 15014)];
  const machine = { files: { "/usr/bin/systemctl": "" }, paths: {} };
  const systemctl = {
    "/usr/bin/systemctl": {
      kind: "file",
      mode: 0o755,
      ownerId: 0,
      isWritable: false,
      isExecutable: true,
    },
  } as const;
  const state = (code: number, output: string) => ({
    "systemctl is-active firewalld": { code, output },
  });
  test.each<[string, readonly WantedPort[], World, readonly string[]]>([
    [
      "active before an open port",
      OPEN,
      { machine: { ...machine, paths: systemctl }, programs: state(0, "active") },
      [
        "W firewalld is active, please ensure ports [15010] are open or your mesh may not function correctly",
      ],
    ],
    [
      "inactive",
      OPEN,
      { machine: { ...machine, paths: systemctl }, programs: state(3, "inactive") },
      [],
    ],
    ["no systemd", OPEN, { programs: state(0, "active") }, []],
    ["systemctl that fails", OPEN, { machine: { ...machine, paths: systemctl } }, []],
    [
      "loopback only",
      OPEN.slice(1),
      { machine: { ...machine, paths: systemctl }, programs: state(0, "active") },
      [],
    ],
  ])("%s", async (_name, ports, world, expected) => {
    expect(await found(firewalldCheck(settings(...ports)), world)).toEqual(expected);
  });
});
