// `sampan bug-report`: what is in the archive, what is named as missing, and that no planted secret is in it.
import { describe, expect, test } from "bun:test";
import type { Files } from "#base/files.ts";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import type { Machine } from "#base/machine.ts";
import { collect } from "./bug-report/collect.ts";
import { EXIT } from "./shell/exit-status.ts";
import type { Shell } from "./shell/shell.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";

/** Every secret holds this word, so that one search finds whatever is left of any. */
const PLANTED = "pl4nted";
const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${PLANTED}key\n-----END RSA PRIVATE KEY-----\n`;

const SYNCZ = [
  { name: "reviews-v1-1", namespace: "default", ipAddress: "127.0.1.5", state: "live", types: [] },
  { name: "../../etc/passwd", namespace: "x", ipAddress: "127.0.1.6", state: "live" },
];

const PAGES: Readonly<Record<string, unknown>> = {
  "/debug/syncz": SYNCZ,
  "/debug/configz": [
    {
      object: "WorkloadGroup default/shop",
      kind: "WorkloadGroup",
      annotations: {
        "sampan.dev/run": `DB_PASSWORD=${PLANTED} node app.js --api-token ${PLANTED}`,
      },
    },
    {
      object: "VirtualService default/shop",
      kind: "VirtualService",
      spec: {
        http: [
          { match: [{ headers: { authorization: { exact: `Bearer ${PLANTED}` } } }] },
          { headers: { request: { set: { "x-api-key": PLANTED, "x-plain": "stays" } } } },
        ],
      },
    },
  ],
  "/debug/problemz": [{ text: `cannot parse postgres://app:${PLANTED}@db/x` }],
  "/debug/registryz": [],
  "/metrics": `# auth_token="${PLANTED}"\npilot_xds 3\n`,
  "/server_info": {
    commandLineOptions: { serviceNode: "n" },
    node: { metadata: { SESSION_TOKEN: PLANTED } },
  },
  "/config_dump?include_eds": {
    configs: [
      {
        secret: {
          tlsCertificate: { privateKey: { inlineBytes: Buffer.from(KEY).toString("base64") } },
        },
      },
      {
        typed: {
          requestHeadersToAdd: [{ header: { key: "authorization", value: `Basic ${PLANTED}` } }],
        },
      },
      { note: KEY },
    ],
  },
  "/clusters?format=json": { clusterStatuses: [] },
  "/stats?usedonly": "cluster.reviews.upstream_rq_total: 12\n",
};

function httpClientOf(pages: Readonly<Record<string, unknown>>, asked: string[] = []): HttpClient {
  return {
    request: async ({ url }): Promise<HttpAnswer> => {
      asked.push(url);
      const { pathname, search } = new URL(url);
      const page = pages[pathname + search];
      if (page === undefined) return { kind: "failed", reason: `no page, token=${PLANTED}` };
      const body = typeof page === "string" ? page : JSON.stringify(page);
      return { kind: "answered", status: 200, body };
    },
  };
}

const MACHINE = {
  platform: "linux",
  hostname: "box",
  cpuCount: 2,
  memoryBytes: 1,
  runtimeVersion: "1",
  readText: (path: string) =>
    path === "/etc/os-release" ? { kind: "read", text: "ID=debian\n" } : { kind: "missing" },
} as unknown as Machine;

const RECORD = {
  apiVersion: "sampan.dev/v1",
  kind: "Mesh",
  pid: 1,
  directory: "/mesh",
  xds: "127.0.0.1:15010",
  http: "127.0.0.1:15014",
  parts: [
    { name: "pilot", kind: "pilot", namespace: "default", log: "logs/pilot.log" },
    {
      name: "reviews-v1-1",
      kind: "sidecar",
      namespace: "default",
      admin: "127.0.1.9:15000",
      log: "logs/reviews-v1-1.log",
    },
  ],
};

const FILES: Readonly<Record<string, string>> = {
  "/state/sampan/meshes/15014/mesh.json": JSON.stringify(RECORD),
  "/state/sampan/meshes/15014/logs/reviews-v1-1.log": `started\nconnecting to redis://:${PLANTED}@r/0\nPASSWORD=${PLANTED}\n`,
  "/state/sampan/meshes/15014/logs/reviews-v1-1.log.1": `older\n${KEY}`,
};

const FILE_PORT: Files = {
  read: async (path) => {
    const text = FILES[path];
    if (text === undefined) return { kind: "failed", reason: "ENOENT" };
    return { kind: "read", bytes: new TextEncoder().encode(text) };
  },
  list: async (folder) =>
    Object.keys(FILES)
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => ({ path: path.slice(folder.length + 1), sizeBytes: 0, stamp: "" })),
  watch: () => ({ close() {} }),
  append: () => ({ kind: "failed", reason: "EROFS" }),
};

interface Reported extends Ran {
  /** Of the archive, without its folder. */
  readonly files: ReadonlyMap<string, string>;
  readonly written: readonly string[];
}

async function bugReport(
  args: readonly string[],
  overrides: Partial<Shell> = {},
): Promise<Reported> {
  let files = new Map<string, string>();
  const written: string[] = [];
  const ran = await runFake(["bug-report", ...args], {
    httpClient: httpClientOf(PAGES),
    machine: MACHINE,
    files: FILE_PORT,
    env: {
      SAMPAN_TOKEN: PLANTED,
      HTTP_PROXY: `http://user:${PLANTED}@proxy:3128`,
      HOME: "/home/somebody",
      XDG_STATE_HOME: "/state",
      AWS_SECRET_ACCESS_KEY: PLANTED,
    },
    archiver: {
      pack: async (given) => {
        files = new Map([...given].map(([path, text]) => [path.replace(/^[^/]*\//, ""), text]));
        return new Uint8Array(7);
      },
    },
    fileWriter: {
      replace: async (path) => {
        written.push(path);
        return { kind: "written" };
      },
      remove: async () => ({ kind: "written" }),
    },
    ...overrides,
  });
  return { ...ran, files, written };
}

test("secrets planted everywhere are not in the archive, nor on the screen; the rest is", async () => {
  const { status, files, stdout, stderr } = await bugReport([]);
  expect(status).toBe(EXIT.ok);
  for (const [path, text] of files) expect(`${path}\n${text}`).not.toContain(PLANTED);
  expect(stdout + stderr).not.toContain(PLANTED);
  const all = [...files.values()].join("\n");
  for (const kept of [
    "x-plain",
    "stays",
    "node app.js",
    "pilot_xds 3",
    "ID=debian",
    "reviews-v1-1",
  ]) {
    expect(all).toContain(kept);
  }
  expect(files.get("machine/environment.txt")).toBe(
    "HTTP_PROXY=http://[redacted]@proxy:3128\nSAMPAN_TOKEN=[redacted]\nXDG_STATE_HOME=/state\n",
  );
  expect(stdout).toMatch(/^pilot\/configz.json +\d+ +4$/m);
});

test("each file is listed, and the person is told to look", async () => {
  const { files, stdout, stderr, written } = await bugReport([]);
  for (const path of files.keys())
    if (path !== "README.txt") expect(stdout).toContain(`\n${path} `);
  expect(stdout).toContain("Wrote sampan-bug-report-20260102-030405.tar.gz, 7 bytes.");
  expect(stderr).toContain("look through it before you share it");
  expect(written).toEqual(["sampan-bug-report-20260102-030405.tar.gz"]);
});

test("a name from the network makes no path of its own", async () => {
  const { files } = await bugReport([]);
  const folders = [...files.keys()].filter((path) => path.startsWith("proxies/"));
  expect(folders).toContain("proxies/reviews-v1-1.default/clusters.json");
  expect(folders).toContain("proxies/____etc_passwd.x/clusters.json");
  for (const path of files.keys()) expect(path).not.toContain("..");
});

test("without a pilot the rest is reported, and what is missing is named", async () => {
  const { status, files, stderr } = await bugReport([], { httpClient: httpClientOf({}) });
  expect(status).toBe(EXIT.ok);
  expect(stderr).toContain(
    "left out: pilot/syncz.json: http://127.0.0.1:15014/debug/syncz: no page",
  );
  expect([...files.keys()]).toContain("machine/etc/os-release");
});

test("logs of what sampan up started are in it, the older part too; a missing one is named", async () => {
  const { files, stderr } = await bugReport([]);
  expect(files.get("mesh/15014/logs/reviews-v1-1.log")).toStartWith("started\n");
  expect(files.get("mesh/15014/logs/reviews-v1-1.log.1")).toBe("older\n[redacted]\n");
  expect(JSON.parse(files.get("mesh/15014/mesh.json") ?? "")).toEqual(RECORD);
  expect(stderr).toContain("left out: mesh/15014/logs/pilot.log: ENOENT\n");
  expect(stderr).not.toContain("pilot.log.1");
});

test("without a pilot the proxies are those that sampan up started", async () => {
  const { "/debug/syncz": _, ...others } = PAGES;
  const { files } = await bugReport([], { httpClient: httpClientOf(others) });
  expect([...files.keys()]).toContain("proxies/reviews-v1-1.default/stats.txt");
});

test("a command that fails by a mistake of ours is named with its trace, and the rest is there", async () => {
  const { files, stderr } = await bugReport([]); // the second proxy of SYNCZ has no types, which no pilot would say
  expect(stderr).toContain("left out: pilot/troubleshoot.json: TypeError");
  expect([...files.keys()]).toContain("versions.json");
});

test("--dry-run writes nothing", async () => {
  const { status, written, stdout, stderr } = await bugReport(["--dry-run", "-o", "x.tar.gz"]);
  expect(status).toBe(EXIT.ok);
  expect(written).toEqual([]);
  expect(stdout).toContain("pilot/configz.json");
  expect(stderr).toContain("Would write x.tar.gz.");
});

test("a file that cannot be written is a failure", async () => {
  const { status, stderr } = await bugReport(["-o", "/nowhere/x.tar.gz"], {
    fileWriter: {
      replace: async () => ({ kind: "failed", reason: "ENOENT" }),
      remove: async () => ({ kind: "written" }),
    },
  });
  expect(status).toBe(EXIT.failed);
  expect(stderr).toContain("Cannot write /nowhere/x.tar.gz: ENOENT");
});

describe("sizes", () => {
  const part = (path: string, text: string, keeps: "start" | "end" = "start") => ({
    path,
    keeps,
    read: () => ({ kind: "text" as const, text }),
  });

  test("what is too long loses its end, a log its beginning; no character is cut in two", async () => {
    const { files } = await collect(
      [part("a", `${"ä".repeat(10)}z`), part("b", `a${"ä".repeat(10)}`, "end")],
      { fileBytes: 8, totalBytes: 1_000 },
    );
    expect(files.get("a")).toBe("ääää\n[13 bytes left out here]\n");
    expect(files.get("b")).toBe("[13 bytes left out here]\nääää");
  });

  test("a key is taken out before the text is cut", async () => {
    const { files } = await collect([part("log", `${KEY}end\n`, "end")], {
      fileBytes: 30,
      totalBytes: 1_000,
    });
    expect(files.get("log")).toBe("[redacted]\nend\n");
  });

  test("beyond the whole size parts are named, not taken", async () => {
    const parts = [part("a", "x".repeat(60)), part("b", "y".repeat(60)), part("c", "z")];
    const { files, entries } = await collect(parts, { fileBytes: 100, totalBytes: 100 });
    expect([...files.keys()]).toEqual(["a", "c"]);
    expect(entries[1]?.missing).toBe("the report already holds 60 bytes");
  });
});
