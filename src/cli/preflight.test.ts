// `sampan preflight` as people see it: whole transcripts, byte for byte. Leading tabs are kubeadm's.
import { describe, expect, test } from "bun:test";
import { CATALOGUE } from "#preflight/catalogue.ts";
import type { PreflightReportJson } from "#preflight/json-report.ts";
import { fakePorts, type World } from "#preflight/testing/run-check.ts";
import { EXIT } from "./shell/exit-status.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";

/** Of a machine on which nothing is wrong, but for what `world` says. */
function preflight(args: readonly string[], world: World = {}): Promise<Ran> {
  const files = {
    read: async (path: string) => {
      const text = world.machine?.files?.[path];
      return text === undefined
        ? { kind: "failed" as const, reason: "ENOENT" }
        : { kind: "read" as const, bytes: new TextEncoder().encode(text) };
    },
    list: async () => [],
    watch: () => ({ close() {} }),
    append: () => ({ kind: "failed" as const, reason: "read-only" }),
  };
  const env = { HOME: "/home/joe", ...world.env };
  return runFake(["preflight", ...args], { ...fakePorts({ ...world, env }), files });
}

const SWAP_ON: World = {
  machine: {
    files: {
      "/proc/swaps":
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda2                               partition\t8388604\t\t0\t\t-2\n",
    },
  },
};

const SEVERAL: World = {
  machine: {
    files: {
      ...SWAP_ON.machine?.files,
      "/proc/self/limits":
        "Max open files            256                256                files     \n",
      "/proc/sys/net/core/somaxconn": "128\n",
    },
    holders: { "127.0.0.1:15010": { pid: 4711, command: "/usr/bin/nc -l 127.0.0.1 15010" } },
  },
  net: { unlistenable: { "127.0.0.1:15010": "EADDRINUSE" } },
};

const HEADER = "[preflight] Running pre-flight checks\n";
const FATAL = "error execution phase preflight: [preflight] Some fatal errors occurred:\n";
const FOOTER =
  "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n";
const HINT = "To see the stack trace of this error execute with --v=5 or higher\n";

const SWAP = `Swap]: running with swap on is not supported. Please disable swap
\t\tfix: run "sudo swapoff -a", and take the swap lines out of /etc/fstab to keep it off
`;
const OPEN_FILES = `OpenFiles]: the limit of open files (256) is less than the required 4096
\t\tfix: the hard limit is 256: raise it with LimitNOFILE=65536 in the systemd unit, or nofile in /etc/security/limits.conf
`;
const PORT = `Port-15010]: Port 15010 is in use: 127.0.0.1:15010 is held by process 4711 (nc -l 127.0.0.1 15010)
\t\tfix: stop that process, or choose another one with --xds-address
`;
const SOMAXCONN = `\t[WARNING Somaxconn]: net.core.somaxconn (128) is less than the recommended 1024
\t\tfix: run "sudo sysctl -w net.core.somaxconn=4096"
`;

describe("transcripts", () => {
  test("a clean machine", async () => {
    expect(await preflight([])).toEqual({
      status: EXIT.ok,
      stdout: `${HEADER}[preflight] 24 checks passed\n`,
      stderr: "",
    });
  });

  test("swap on", async () => {
    expect(await preflight([], SWAP_ON)).toEqual({
      status: EXIT.preflight,
      stdout: HEADER,
      stderr: `${FATAL}\t[ERROR ${SWAP}${FOOTER}${HINT}`,
    });
  });

  test("several errors at once, warnings before them", async () => {
    expect(await preflight([], SEVERAL)).toEqual({
      status: EXIT.preflight,
      stdout: HEADER,
      stderr: `${SOMAXCONN}${FATAL}\t[ERROR ${SWAP}\t[ERROR ${OPEN_FILES}\t[ERROR ${PORT}${FOOTER}${HINT}`,
    });
  });

  test("ignored by name in odd case: those are warnings, the rest stays an error", async () => {
    expect(await preflight(["--ignore-preflight-errors=sWAP,OPENfiles"], SEVERAL)).toEqual({
      status: EXIT.preflight,
      stdout: HEADER,
      stderr: `\t[WARNING ${SWAP}\t[WARNING ${OPEN_FILES}${SOMAXCONN}${FATAL}\t[ERROR ${PORT}${FOOTER}${HINT}`,
    });
  });

  test.each([
    ["one list", ["--ignore-preflight-errors=Swap,openfiles,PORT-15010"]],
    [
      "the flag repeated",
      ["--ignore-preflight-errors=Swap", "--ignore-preflight-errors", "OpenFiles,Port-15010"],
    ],
    ["all", ["--ignore-preflight-errors=ALL"]],
  ])("everything ignored, by %s", async (_how, args) => {
    expect(await preflight(args, SEVERAL)).toEqual({
      status: EXIT.ok,
      stdout: `${HEADER}[preflight] 24 checks passed, with 4 warnings\n`,
      stderr: `\t[WARNING ${SWAP}\t[WARNING ${OPEN_FILES}\t[WARNING ${PORT}${SOMAXCONN}`,
    });
  });

  test("all together with others", async () => {
    expect(await preflight(["--ignore-preflight-errors=Swap,all"], SWAP_ON)).toEqual({
      status: EXIT.usage,
      stdout: "",
      stderr:
        "ignore-preflight-errors: Invalid value: \"all,swap\": don't specify individual checks if 'all' is used\n",
    });
  });

  test("an unknown name gets the nearest known one", async () => {
    expect(await preflight(["--ignore-preflight-errors=Swpa"], SWAP_ON)).toEqual({
      status: EXIT.usage,
      stdout: "",
      stderr:
        'ignore-preflight-errors: Invalid value: "Swpa": no check has this name; did you mean Swap? "sampan preflight --list" names every check\n',
    });
  });

  test.each([["-v=5"], ["-v5"], ["--v=5"], ["--verbosity=9"]])(
    "%s shows the phases that the error came through",
    async (flag) => {
      const { status, stderr } = await preflight([flag], SEVERAL);
      expect(status).toBe(EXIT.preflight);
      expect(stderr).toEndWith(
        `${FATAL}\t[ERROR ${SWAP}\t[ERROR ${OPEN_FILES}\t[ERROR ${PORT}${FOOTER}stack trace of phases:
\tcheck Swap (machine)
\tcheck OpenFiles (machine)
\tcheck Port-15010 (network)
\tphase preflight
\tcommand sampan preflight up
`,
      );
    },
  );

  test("-v=1 tells what is validated, and hints at more", async () => {
    const { stdout, stderr } = await preflight(["-v=1", "--only", "swap,mem"], SWAP_ON);
    expect(stdout).toBe(HEADER);
    expect(stderr).toBe(
      `[preflight] validating Mem: the machine has the memory that everything together needs: passed
[preflight] validating Swap: swap is off: failed
${FATAL}\t[ERROR ${SWAP}${FOOTER}${HINT}`,
    );
  });

  test("--strict: warnings are fatal", async () => {
    const world: World = { machine: { files: { "/proc/sys/net/core/somaxconn": "128" } } };
    expect((await preflight([], world)).status).toBe(EXIT.ok);
    expect(await preflight(["--strict"], world)).toEqual({
      status: EXIT.preflight,
      stdout: HEADER,
      stderr: `${SOMAXCONN}error execution phase preflight: [preflight] Some warnings occurred, and --strict makes them fatal\n${HINT}`,
    });
  });
});

describe("--preflight-config", () => {
  const file = (text: string, args: readonly string[] = []): Promise<Ran> =>
    preflight(["--preflight-config", "sampan.yaml", ...args], {
      ...SEVERAL,
      machine: { ...SEVERAL.machine, files: { ...SEVERAL.machine?.files, "//sampan.yaml": text } },
    });
  const HEAD = "apiVersion: sampan.dev/v1\nkind: PreflightConfiguration\n";

  test("its list is united with the flag's", async () => {
    const { status, stderr } = await file(`${HEAD}ignorePreflightErrors: [swap, Port-15010]\n`, [
      "--ignore-preflight-errors=OpenFiles",
    ]);
    expect(status).toBe(EXIT.ok);
    expect(stderr.match(/\[\w+ \S+\]/g)).toEqual([
      "[WARNING Swap]",
      "[WARNING OpenFiles]",
      "[WARNING Port-15010]",
      "[WARNING Somaxconn]",
    ]);
  });

  test.each<[string, string, number, string]>([
    [
      "all in the file, a name in the flag",
      `${HEAD}ignorePreflightErrors: [all]\n`,
      EXIT.usage,
      "ignore-preflight-errors: Invalid value: \"all,swap\": don't specify individual checks if 'all' is used\n",
    ],
    [
      "another kind",
      "kind: ClusterConfiguration\n",
      EXIT.invalidConfiguration,
      'sampan.yaml:1:1: kind: must be PreflightConfiguration: current value is "ClusterConfiguration"\n',
    ],
    [
      "no list",
      `${HEAD}ignorePreflightErrors: Swap\n`,
      EXIT.invalidConfiguration,
      "sampan.yaml:3:1: ignorePreflightErrors: must be a list of names of checks\n",
    ],
    ["no YAML", "kind: [\n", EXIT.invalidConfiguration, "sampan.yaml:2:1: "],
    [
      "a field that there is not",
      `${HEAD}ignorePreflightError: [Mem]\n`,
      EXIT.invalidConfiguration,
      "sampan.yaml:3:1: ignorePreflightError: unknown field; did you mean ignorePreflightErrors?\n",
    ],
    [
      "another version",
      "apiVersion: v1\nkind: PreflightConfiguration\n",
      EXIT.invalidConfiguration,
      'sampan.yaml:1:1: apiVersion: must be sampan.dev/v1: current value is "v1"\n',
    ],
    [
      "a second document",
      `${HEAD}---\n${HEAD}ignorePreflightErrors: [all]\n`,
      EXIT.invalidConfiguration,
      "sampan.yaml:4:1: the file must hold one document\n",
    ],
    [
      "nothing",
      "",
      EXIT.invalidConfiguration,
      "sampan.yaml:1:1: must be an object of kind PreflightConfiguration\n",
    ],
    [
      "a list of names alone",
      "- Swap\n",
      EXIT.invalidConfiguration,
      "sampan.yaml:1:1: must be an object of kind PreflightConfiguration\n",
    ],
  ])("%s is refused", async (_name, text, status, message) => {
    const ran = await file(text, ["--ignore-preflight-errors=Swap"]);
    expect(ran.status).toBe(status);
    expect(ran.stderr).toStartWith(message);
    expect(ran.stdout).toBe("");
  });

  test("a file that is not there", async () => {
    expect(await preflight(["--preflight-config=/no/such.yaml"])).toEqual({
      status: EXIT.unreadable,
      stdout: "",
      stderr: "Cannot read /no/such.yaml (--preflight-config): ENOENT\n",
    });
  });
});

describe("JSON", () => {
  test("everything that ran, with severity and remedy", async () => {
    const ran = await preflight(["--only=Swap,Somaxconn,Mem", "-o", "json"], SEVERAL);
    expect(ran.status).toBe(EXIT.preflight);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe(`{
  "apiVersion": "sampan.dev/v1",
  "kind": "PreflightReport",
  "command": "up",
  "success": false,
  "warningCount": 1,
  "errorCount": 1,
  "checks": [
    {
      "name": "Mem",
      "category": "machine",
      "summary": "the machine has the memory that everything together needs",
      "result": "success",
      "isIgnored": false,
      "findings": []
    },
    {
      "name": "Swap",
      "category": "machine",
      "summary": "swap is off",
      "result": "error",
      "isIgnored": false,
      "findings": [
        {
          "severity": "error",
          "message": "running with swap on is not supported. Please disable swap",
          "fix": "run \\"sudo swapoff -a\\", and take the swap lines out of /etc/fstab to keep it off",
          "command": "sudo swapoff -a"
        }
      ]
    },
    {
      "name": "Somaxconn",
      "category": "network",
      "summary": "the accept queue is long enough for bursts",
      "result": "warning",
      "isIgnored": false,
      "findings": [
        {
          "severity": "warning",
          "message": "net.core.somaxconn (128) is less than the recommended 1024",
          "fix": "run \\"sudo sysctl -w net.core.somaxconn=4096\\"",
          "command": "sudo sysctl -w net.core.somaxconn=4096"
        }
      ]
    }
  ]
}
`);
  });

  test("what is ignored is marked, and --strict is no success", async () => {
    const read = async (...args: readonly string[]) => {
      const { status, stdout } = await preflight([...args, "-o", "json"], SWAP_ON);
      return { status, report: JSON.parse(stdout) as PreflightReportJson };
    };
    const { status, report } = await read("--ignore-preflight-errors=Swap");
    expect(status).toBe(EXIT.ok);
    expect(report).toMatchObject({ success: true, warningCount: 1, errorCount: 0 });
    const swap = report.checks.find(({ name }) => name === "Swap");
    expect(swap).toMatchObject({ result: "warning", isIgnored: true });
    const strict = await read("--ignore-preflight-errors=Swap", "--strict");
    expect(strict).toMatchObject({ status: EXIT.preflight, report: { success: false } });
  });
});

test("-o table: a row for each check, and one for each further finding", async () => {
  const { status, stdout } = await preflight(
    ["--only=Swap,Mem,Port-15010", "-o", "table"],
    SEVERAL,
  );
  expect(status).toBe(EXIT.preflight);
  expect(stdout).toBe(`CATEGORY  CHECK       RESULT  MESSAGE
machine   Mem         ok      the machine has the memory that everything together needs
machine   Swap        error   running with swap on is not supported. Please disable swap
network   Port-15010  error   Port 15010 is in use: 127.0.0.1:15010 is held by process 4711 (nc -l 127.0.0.1 15010)
`);
});

test("--list: one line on each check, and none is run", async () => {
  const { status, stdout } = await preflight(["--list"], SEVERAL);
  expect(status).toBe(EXIT.ok);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual([
    "NAME",
    ...CATALOGUE.map(({ name }) => name),
  ]);
});

test("--only: a name that no check has is refused, and one that has nothing to do with this run", async () => {
  const ran = await preflight(["--only", "Swpa"]);
  expect(ran.status).toBe(EXIT.usage);
  expect(ran.stderr).toBe(
    'only: Invalid value: "Swpa": no check has this name; did you mean Swap? "sampan preflight --list" names every check\n',
  );
  expect(await preflight(["--only", "EnvoyVersion"])).toEqual({
    status: EXIT.usage,
    stdout: "",
    stderr: 'only: EnvoyVersion does not concern "sampan up" with these flags\n',
  });
  expect((await preflight(["--only", " , "])).status).toBe(EXIT.usage);
  const trailing = await preflight(["--only", "Swap,"]);
  expect(trailing.stdout).toBe(`${HEADER}[preflight] 1 check passed\n`);
  const admin = await preflight(["--only", "NetAdmin"]);
  expect(admin.stdout).toBe(`${HEADER}[preflight] 1 check passed\n`);
});

test("--print-fix: a script of remedies", async () => {
  const ran = await preflight(["--print-fix"], SEVERAL);
  expect(ran.status).toBe(EXIT.preflight);
  expect(ran.stderr).toBe("");
  expect(ran.stdout).toBe(`# Swap: running with swap on is not supported. Please disable swap
sudo swapoff -a
# OpenFiles: the limit of open files (256) is less than the required 4096
sudo prlimit --pid $$ --nofile=65536
# Port-15010: Port 15010 is in use: 127.0.0.1:15010 is held by process 4711 (nc -l 127.0.0.1 15010)
#   stop that process, or choose another one with --xds-address
# Somaxconn: net.core.somaxconn (128) is less than the recommended 1024
sudo sysctl -w net.core.somaxconn=4096
`);
});

test("--print-fix: one command for several findings stands there once", async () => {
  const { stdout } = await preflight([
    "pilot",
    "--print-fix",
    "--xds-address=127.0.0.1:80",
    "--http-address=127.0.0.1:443",
  ]);
  const command = "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80";
  expect(stdout.split("\n").filter((line) => line === command)).toEqual([command]);
  expect(stdout.match(/^# UnprivilegedPorts: /gm)).toHaveLength(2);
});

describe("what is to run", () => {
  const names = async (args: readonly string[], world: World = {}): Promise<readonly string[]> => {
    const { stdout } = await preflight([...args, "-o", "json"], world);
    return (JSON.parse(stdout) as PreflightReportJson).checks.map(({ name }) => name);
  };
  const ports = (all: readonly string[]) => all.filter((name) => name.startsWith("Port-"));

  test("up, pilot and proxy listen on other ports", async () => {
    expect(ports(await names([]))).toEqual(["Port-15010", "Port-15014", "Port-15000"]);
    expect(ports(await names(["up", "--no-host-sidecar"]))).toEqual(["Port-15010", "Port-15014"]);
    expect(ports(await names(["pilot", "--xds-address=127.0.0.1:7"]))).toEqual([
      "Port-7",
      "Port-15014",
    ]);
    expect(ports(await names(["proxy"]))).toEqual([]);
  });

  test.each([
    ["up", [], "the variable XDG_STATE_HOME"],
    ["up", ["--state-dir", "/s"], "--state-dir"],
    ["pilot", [], "--state-dir"],
  ])("%s %j: the folder of state is changed by %s", async (command, flags, changedBy) => {
    const { stderr } = await preflight([command, ...flags, "--only=Disk"], {
      machine: { freeBytes: () => 0 },
    });
    expect(stderr).toContain(`fix: free some room, or choose another folder with ${changedBy}\n`);
  });

  test.each<[string, string]>([
    ["pilot", "mesh"],
    ["pilot", "--config=mesh"],
    ["up", "mesh"],
  ])("a folder that is not there: %s %s", async (command, folder) => {
    const { status, stderr } = await runFake(["preflight", command, folder, "--only=Config"], {
      ...fakePorts(),
      files: {
        read: async () => ({ kind: "failed", reason: "ENOENT" }),
        list: async () => ({ kind: "failed", reason: "ENOENT" }),
        watch: () => ({ close() {} }),
        append: () => ({ kind: "failed", reason: "ENOENT" }),
      },
    });
    expect(status).toBe(EXIT.preflight);
    expect(stderr).toContain("\t[ERROR Config]: Cannot read the folder mesh: ENOENT\n");
  });

  const BOOTSTRAP = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  clusters:
  - name: db
    type: STRICT_DNS
    circuit_breakers: {thresholds: [{max_connections: 9000}]}
    load_assignment: {cluster_name: db, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: db.corp, port_value: 80}}}}]}]}
`;
  const proxy = (text: string, args: readonly string[] = []): Promise<Ran> =>
    preflight(["proxy", "-c", "/b.yaml", ...args], { machine: { files: { "/b.yaml": text } } });

  test("proxy: the bootstrap's ports, limits and host names", async () => {
    const { status, stderr } = await proxy(BOOTSTRAP);
    expect(status).toBe(EXIT.ok);
    expect(
      stderr,
    ).toBe(`\t[WARNING DNS]: the host name "db.corp" of the configuration cannot be looked up: ENOTFOUND
\t\tfix: correct the name in the configuration, /etc/hosts or the resolver
`);
    const { stderr: few } = await preflight(["proxy", "-c", "/b.yaml", "--only=OpenFiles"], {
      machine: {
        files: { "/b.yaml": BOOTSTRAP, "/proc/self/limits": "Max open files 10000 10000 files" },
      },
    });
    expect(few).toStartWith(
      "\t[WARNING OpenFiles]: the limit of open files (10000) is less than the required 18128: the circuit breakers of its clusters allow 9000 connections",
    );
  });

  test("proxy: a bootstrap that is not valid is an error with its line, and the certificates it names are looked at", async () => {
    const { status, stderr } = await proxy(`${BOOTSTRAP}
    transport_socket:
      name: tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context: {validation_context: {trusted_ca: {filename: /ca.pem}}}
`);
    expect(status).toBe(EXIT.preflight);
    expect(stderr).toMatch(
      /\t\[ERROR Config\]: \/b\.yaml:\d+:\d+: static_resources\.clusters\[0\]/,
    );
    expect(stderr).toContain(
      "\t[ERROR CertExpiry]: /ca.pem (/b.yaml: static_resources.clusters[0].transport_socket.typed_config.common_tls_context.validation_context.trusted_ca) doesn't exist\n",
    );
  });

  test("a bootstrap that is not there", async () => {
    const { status, stderr } = await preflight(["proxy", "-c", "nope.yaml"]);
    expect(status).toBe(EXIT.preflight);
    expect(stderr).toContain("\t[ERROR Config]: Cannot read nope.yaml: ENOENT\n");
  });

  test("interception is looked at only when it is asked for", async () => {
    const all = await names([]);
    expect(all).not.toContain("NetAdmin");
    expect(await names(["--interception"])).toEqual([
      ...all,
      ...CATALOGUE.flatMap(({ name, category }) => (category === "interception" ? [name] : [])),
    ]);
  });

  test("envoy is looked for when it is the data plane", async () => {
    const { stderr } = await preflight(["--data-plane", "envoy"]);
    expect(stderr).toContain("\t[ERROR FileExisting-envoy]: envoy not found in system path\n");
  });
});
