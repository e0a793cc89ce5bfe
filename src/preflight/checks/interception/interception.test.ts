// Checks of transparent interception: privileges, programs, kernel, the proxy's user, and the probe.
import { describe, expect, test } from "bun:test";
import type { PathState } from "#base/machine.ts";
import { found, outcomeOf, type World } from "../../testing/run-check.ts";
import { fileContentChecks, kernelModulesCheck } from "./kernel.ts";
import { isPrivilegedUserCheck, netAdminCheck } from "./privileges.ts";
import { interceptionProbeCheck } from "./probe.ts";
import { proxyUserCheck } from "./proxy-user.ts";
import { fileExistingIpCheck, fileExistingIptablesCheck, iptablesBackendCheck } from "./tools.ts";

const PROGRAM: PathState = {
  kind: "file",
  mode: 0o755,
  ownerId: 0,
  isWritable: false,
  isExecutable: true,
};

const onPath = (...names: readonly string[]): Readonly<Record<string, PathState>> =>
  Object.fromEntries(names.map((name) => [`/usr/bin/${name}`, PROGRAM]));

const capabilities = (hex: string) => ({ "/proc/self/status": `CapEff:\t${hex}\n` });

// Bits 12 and 13.
test.each<[string, World["machine"], readonly string[], readonly string[]]>([
  ["a user", {}, ["E user is not running as root"], []],
  ["a user with both", { files: capabilities("3000") }, [], []],
  [
    "a user with NET_ADMIN only",
    { files: capabilities("1000") },
    [],
    ["E this process lacks CAP_NET_RAW"],
  ],
  ["root with both", { userId: 0, files: capabilities("3000") }, [], []],
  ["root that is not told", { userId: 0, files: { "/proc/self/status": undefined } }, [], []],
  [
    "root of a container",
    { userId: 0 },
    [],
    ["E this process lacks CAP_NET_ADMIN and CAP_NET_RAW"],
  ],
  [
    "root without NET_RAW",
    { userId: 0, files: capabilities("1000") },
    [],
    ["E this process lacks CAP_NET_RAW"],
  ],
])("IsPrivilegedUser and NetAdmin: %s", async (_name, machine, privileged, admin) => {
  expect(await found(isPrivilegedUserCheck(), { machine: machine ?? {} })).toEqual(privileged);
  expect(await found(netAdminCheck(), { machine: machine ?? {} })).toEqual(admin);
});

test.each<[readonly string[], readonly string[], readonly string[]]>([
  [["iptables", "ip"], [], []],
  [["nft", "ip"], [], []],
  [[], ["E iptables not found in system path"], ["E ip not found in system path"]],
])("FileExisting: %j on the PATH", async (names, iptables, ip) => {
  const world: World = { machine: { paths: onPath(...names) } };
  expect(await found(fileExistingIptablesCheck(), world)).toEqual(iptables);
  expect(await found(fileExistingIpCheck(), world)).toEqual(ip);
});

test.each<[string, string, string | undefined, readonly string[]]>([
  ["nft, no older rules", "iptables v1.8.9 (nf_tables)", undefined, []],
  ["nft, the older filter is empty", "iptables v1.8.9 (nf_tables)", "\n", []],
  ["legacy with its rules", "iptables v1.8.9 (legacy)", "nat\nfilter\n", []],
  [
    "both",
    "iptables v1.8.9 (nf_tables)",
    "nat\n",
    [
      "W /usr/bin/iptables speaks to nf_tables, and the older packet filter has rules (/proc/net/ip_tables_names)",
    ],
  ],
])("IptablesBackend: %s", async (_name, output, names, expected) => {
  const world: World = {
    machine: { paths: onPath("iptables"), files: { "/proc/net/ip_tables_names": names } },
    programs: { "iptables --version": { code: 0, output } },
  };
  expect(await found(iptablesBackendCheck(), world)).toEqual(expected);
});

describe("KernelModules", () => {
  const RELEASE = { "/proc/sys/kernel/osrelease": "6.1.0-13-amd64\n" };
  const ALL = [
    ...["CONFIG_NF_NAT=y", "CONFIG_NETFILTER_XT_TARGET_REDIRECT=m"],
    ...["CONFIG_NETFILTER_XT_MATCH_OWNER=m", "CONFIG_NETFILTER_XT_MATCH_CONNTRACK=m"],
    "CONFIG_NETFILTER_XT_TARGET_TPROXY=m",
  ];
  const without = (option: string): string =>
    ALL.map((line) => (line.startsWith(`${option}=`) ? `# ${option} is not set` : line)).join("\n");
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["all", { "/proc/config.gz": ALL.join("\n") }, []],
    ["of a distribution", { "/boot/config-6.1.0-13-amd64": ALL.join("\n") }, []],
    [
      "one is missing",
      { "/proc/config.gz": without("CONFIG_NF_NAT") },
      ["W the kernel was built without CONFIG_NF_NAT"],
    ],
    [
      "nf_tables has its own",
      {
        "/proc/config.gz": `${without("CONFIG_NETFILTER_XT_TARGET_REDIRECT")}\nCONFIG_NFT_REDIR=m\n`,
      },
      [],
    ],
    [
      "built apart and loaded",
      {
        "/proc/config.gz": without("CONFIG_NF_NAT"),
        "/proc/modules": "nf_nat 4096 0 - Live 0x0\n",
      },
      [],
    ],
    [
      "nothing tells",
      { "/proc/modules": "nf_nat 4096 0 - Live 0x0\nxt_owner 4096 0\n" },
      [
        "W cannot tell whether the kernel has xt_REDIRECT, xt_conntrack, xt_TPROXY: its configuration is not to be found",
      ],
    ],
    [
      "a release that would lead elsewhere",
      { "/proc/sys/kernel/osrelease": "../../etc", "/boot/config-../../etc": ALL.join("\n") },
      [
        "W cannot tell whether the kernel has nf_nat, xt_REDIRECT, xt_owner, xt_conntrack, xt_TPROXY: its configuration is not to be found",
      ],
    ],
  ])("%s", async (_name, files, expected) => {
    const world: World = { machine: { files: { ...RELEASE, ...files } } };
    expect(await found(kernelModulesCheck(), world)).toEqual(expected);
  });
});

test("FileContent: named as kubeadm names a path, and said in its words", async () => {
  const files = {
    "/proc/sys/net/ipv4/ip_forward": "0\n",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "1\n",
  };
  const lines: string[] = [];
  for (const check of fileContentChecks()) {
    for (const line of await found(check, { machine: { files } })) {
      lines.push(`${check.name} ${line}`);
    }
  }
  expect(lines).toEqual([
    "FileContent--proc-sys-net-ipv4-ip_forward W /proc/sys/net/ipv4/ip_forward contents are not set to 1",
    "FileContent--proc-sys-net-ipv4-conf-all-route_localnet W /proc/sys/net/ipv4/conf/all/route_localnet does not exist",
    "FileContent--proc-sys-net-ipv4-conf-all-rp_filter W /proc/sys/net/ipv4/conf/all/rp_filter contents are not set to 0 or 2",
  ]);
});

test("FileContent: a file that is right, and one that is not for us", async () => {
  const [forward] = fileContentChecks();
  if (forward === undefined) throw new Error("no check");
  const path = "/proc/sys/net/ipv4/ip_forward";
  expect(await found(forward, { machine: { files: { [path]: "1\n" } } })).toEqual([]);
  expect(await found(forward, { machine: { unreadable: { [path]: "EACCES" } } })).toEqual([
    `W ${path} could not be read`,
  ]);
});

describe("ProxyUser", () => {
  const PASSWD = "root:x:0:0::/root:/bin/sh\nsampan-proxy:x:1337:1337::/:/usr/sbin/nologin\n";
  const status = (name: string, uid: number): string =>
    `Name:\t${name}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`;
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["there, and alone", { "/etc/passwd": PASSWD, "/proc/7/status": status("envoy", 1337) }, []],
    ["not there", { "/etc/passwd": "root:x:0:0::/root:/bin/sh\n" }, ["W no user has the id 1337"]],
    [
      "an application is it",
      {
        "/etc/passwd": PASSWD,
        "/proc/7/status": status("node", 1337),
        "/proc/9/status": status("node", 0),
      },
      ['W applications run as user 1337: "node" (process 7); their traffic would bypass the proxy'],
    ],
  ])("%s", async (_name, files, expected) => {
    const list = (): readonly string[] => ["7", "9", "net", "self"];
    expect(await found(proxyUserCheck(), { machine: { files, list } })).toEqual(expected);
  });
});

describe("InterceptionProbe", () => {
  const root = (...names: readonly string[]): World["machine"] => ({
    userId: 0,
    paths: onPath(...names),
  });
  const probe = (code: number, output: string) => ({ unshare: { code, output } });
  test.each<[string, World, readonly string[]]>([
    ["arrives", { machine: root("unshare", "iptables"), programs: probe(0, "redirected") }, []],
    ["by nft", { machine: root("unshare", "nft"), programs: probe(0, "redirected") }, []],
    [
      "does not",
      { machine: root("unshare", "nft"), programs: probe(1, "x\ncannot connect: ECONNREFUSED") },
      ['E a redirected connection did not arrive: "cannot connect: ECONNREFUSED"'],
    ],
    [
      "no namespaces",
      { machine: root("unshare", "nft") },
      ["E a redirected connection did not arrive: no program /usr/bin/unshare"],
    ],
    ["no unshare", { machine: root("nft") }, ["E unshare not found in system path"]],
    ["no program for rules: said elsewhere", { machine: root("unshare") }, []],
    ["not root: said elsewhere", { machine: { paths: onPath("unshare", "nft") } }, []],
  ])("%s", async (_name, world, expected) => {
    expect(await found(interceptionProbeCheck(), world)).toEqual(expected);
  });

  test("a probe that hangs is killed", async () => {
    let signalled = "";
    const { errors } = await outcomeOf(
      {
        ...interceptionProbeCheck(),
        run: (ports) =>
          interceptionProbeCheck().run({
            ...ports,
            processes: {
              start: () => ({
                pid: 1,
                signal: (name) => {
                  signalled = name;
                },
              }),
            },
          }),
      },
      { machine: root("unshare", "nft") },
    );
    expect(errors[0]?.message).toBe(
      "a redirected connection did not arrive: did not end within 8 s",
    );
    expect(signalled).toBe("SIGKILL");
  });
});
