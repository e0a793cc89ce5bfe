// get, apply, delete, edit, diff, describe, validate, analyze and wait, as a person meets them: words in, words and status out.
import { expect, test } from "bun:test";
import { parseYamlDocuments } from "#api/yaml.ts";
import type { Timers } from "#base/timers.ts";
import { CLUSTER } from "#xds/type-url.ts";
import type { Finding } from "./analyze/findings.ts";
import { EXIT } from "./shell/exit-status.ts";
import { FakePilot } from "./testing/fake-pilot.ts";
import { fakeShell, type Ran, runFake } from "./testing/fake-shell.ts";

const HOST = "reviews.default.svc.cluster.local";
const SERVICE = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews }
spec:
  hosts: [${HOST}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  endpoints:
    - { address: 127.77.90.1, labels: { version: v1 } }
    - { address: 127.77.90.2, labels: { version: v2 } }
`;
const RULE = `# the versions
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: ${HOST}
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
`;
const route = (subset: string): string => `# to one version
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, labels: { app: reviews } }
spec:
  hosts: [${HOST}]
  http:
    - match: [{ headers: { end-user: { exact: jason } } }]
      route: [{ destination: { host: ${HOST}, subset: ${subset} } }]
      timeout: 2s
    - route: [{ destination: { host: ${HOST}, subset: v1 } }] # the rest
`;
const VS = "virtualservice.networking.istio.io/reviews";

async function mesh(more: Readonly<Record<string, string>> = {}): Promise<FakePilot> {
  const pilot = await FakePilot.start({ "mesh.yaml": `${SERVICE}---\n${RULE}`, ...more });
  pilot.connect();
  pilot.connect();
  return pilot;
}

const ranAs = (status: number, stdout: string, stderr = ""): Ran => ({
  status,
  stdout,
  stderr,
});

test("apply creates, says what it did, and waits until every proxy has it", async () => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2"));
  expect(await pilot.run(["apply", "-f", "here/vs.yaml", "--wait"])).toEqual(
    ranAs(EXIT.ok, `${VS} created\n${VS} live on 2 of 2 proxies\n`),
  );
  expect(pilot.folder.text("virtualservice.default.reviews.yaml")).toBe(route("v2"));
  expect(await pilot.run(["apply", "-f", "here/vs.yaml"])).toEqual(
    ranAs(EXIT.ok, `${VS} unchanged\n`),
  );
  pilot.files.write("vs.yaml", route("v1"));
  expect(await pilot.run(["apply", "-f", "here/vs.yaml"])).toEqual(
    ranAs(EXIT.ok, `${VS} configured\n`),
  );
  expect(pilot.folder.text("virtualservice.default.reviews.yaml")).toBe(route("v1"));
});

test("when anything is wrong nothing is applied, and all of it is said with its place", async () => {
  const pilot = await mesh();
  pilot.files.write("good.yaml", route("v2"));
  pilot.files.write("bad.yaml", `${RULE.replace("host:", "hots:")}---\nkind: VirtualService\n`);
  const { status, stdout, stderr } = await pilot.run([
    "apply",
    "-f",
    "here/good.yaml",
    "-f",
    "here/bad.yaml",
  ]);
  expect(status).toBe(EXIT.invalidConfiguration);
  expect(stdout).toBe("");
  expect(stderr).toContain(
    'error: here/bad.yaml:6:3: DestinationRule default/reviews: spec.hots: unknown field: did you mean "host"?',
  );
  expect(stderr).toContain("error: here/bad.yaml:11:1: ");
  expect(stderr).toEndWith("sampan apply: nothing was applied\n");
  expect(pilot.writes).toEqual([]);
});

test("what the pilot cannot write stops all of it before the first write", async () => {
  const pilot = await mesh({ "broken.yaml": `${route("v2")}---\nkind: [\n` });
  pilot.files.write(
    "all.yaml",
    `${RULE.replace("name: reviews", "name: other")}---\n${route("v1")}`,
  );
  const { status, stderr } = await pilot.run(["apply", "-f", "here/all.yaml"]);
  expect(status).toBe(EXIT.failed);
  expect(stderr).toContain(
    `error: here/all.yaml:12: ${VS}: Cannot change mesh/broken.yaml: line 14:1 must be mended first`,
  );
  expect(pilot.writes.every((write) => write.endsWith("?dryRun=All"))).toBe(true);
});

test.each([
  ["client", " (dry run)", 0],
  ["server", " (server dry run)", 1],
])("a %s dry run writes nothing", async (mode, mark, asked) => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2"));
  const args = ["apply", "-f", "here/vs.yaml", `--dry-run=${mode}`, "--wait"];
  expect(await pilot.run(args)).toEqual(ranAs(EXIT.ok, `${VS} created${mark}\n`));
  expect(pilot.writes).toHaveLength(asked);
  expect(pilot.folder.paths).toEqual(["mesh.yaml"]);
});

test("a document that was broken by hand is mended by what is in force", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  pilot.folder.write("vs.yaml", route("v2").replace("hosts:", "hots:"));
  pilot.files.write("vs.yaml", route("v2"));
  for (let i = 0; i < 20; i += 1) {
    pilot.time.advance(10);
    await new Promise<void>((done) => setImmediate(done));
  }
  expect((await pilot.run(["get", "problems"])).stdout).toContain("spec.hots");
  expect(await pilot.run(["apply", "-f", "here/vs.yaml"])).toEqual(
    ranAs(EXIT.ok, `${VS} configured\n`),
  );
  expect(pilot.folder.text("vs.yaml")).toBe(route("v2"));
});

test("a namespace on the command line is for objects that name none", async () => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2"));
  await pilot.run(["apply", "-f", "here/vs.yaml", "-n", "shop"]);
  expect(pilot.folder.text("virtualservice.shop.reviews.yaml")).toContain("namespace: shop");
  expect((await pilot.run(["get", "vs", "-n", "shop", "-o", "name"])).stdout).toBe(`${VS}\n`);
  pilot.files.write(
    "vs.yaml",
    route("v2").replace("name: reviews,", "name: reviews, namespace: other,"),
  );
  const { status, stderr } = await pilot.run(["apply", "-f", "here/vs.yaml", "-n", "shop"]);
  expect(status).toBe(EXIT.invalidConfiguration);
  expect(stderr).toContain(
    "here/vs.yaml:4:28: VirtualService other/reviews: metadata.namespace: is other, and --namespace says shop",
  );
});

test("older versions of the API are written as they are", async () => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2").replace("/v1", "/v1alpha3"));
  expect((await pilot.run(["apply", "-f", "here/vs.yaml"])).stdout).toBe(`${VS} created\n`);
  expect((await pilot.run(["apply", "-f", "here/vs.yaml"])).stdout).toBe(`${VS} unchanged\n`);
  expect((await pilot.run(["diff", "-f", "here/vs.yaml"])).status).toBe(EXIT.ok);
  expect(pilot.folder.text("virtualservice.default.reviews.yaml")).toContain("/v1alpha3");
});

test("stdin is a file too, and a List is its items", async () => {
  const pilot = await mesh();
  const { shell } = fakeShell();
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [parseYamlDocuments(route("v2"), "").documents[0]?.value],
  };
  let stdout = "";
  const terminal = {
    ...shell.terminal,
    readInput: async () => JSON.stringify(list),
    write: (text: string) => {
      stdout += text;
    },
  };
  await pilot.run(["apply", "-f", "-"], { terminal });
  expect(stdout).toBe(`${VS} created\n`);
});

test("a refusal ends the waiting at once, with the proxy's words and name", async () => {
  const pilot = await FakePilot.start({ "mesh.yaml": SERVICE });
  pilot.connect();
  pilot.connect({
    [CLUSTER]: `Error adding/updating cluster(s) outbound|9080|v2|${HOST}: no\u001b[31m`,
  });
  pilot.files.write("dr.yaml", RULE);
  const { status, stderr } = await pilot.run([
    "apply",
    "-f",
    "here/dr.yaml",
    "--wait",
    "--timeout",
    "60s",
  ]);
  expect(status).toBe(EXIT.failed);
  expect(stderr).toContain("is refused by a proxy, which keeps what it had");
  expect(stderr).toContain(
    `proxy-2.default  rejected: Error adding/updating cluster(s) outbound|9080|v2|${HOST}: no·[31m\n`,
  );
  expect(stderr).not.toContain("proxy-1.default");
  expect(pilot.time.nowMs()).toBeLessThan(10_000);
});

test("wait says who is behind when time is up", async () => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2"));
  await pilot.run(["apply", "-f", "here/vs.yaml"]);
  const { status, stderr } = await pilot.run(["wait", "vs/reviews", "--timeout", "0s"]);
  expect({ status, stderr }).toEqual({
    status: EXIT.failed,
    stderr: `error: timed out waiting for ${VS}: live on 0 of 2 proxies; behind are:\n  proxy-1.default, proxy-2.default  behind\n`,
  });
  expect(await pilot.run(["wait", "vs", "reviews"])).toEqual(
    ranAs(EXIT.ok, `${VS} live on 2 of 2 proxies\n`),
  );
  expect((await pilot.run(["wait", "vs/nobody"])).stderr).toContain(
    'no virtualservice "nobody" in namespace default: there are reviews',
  );
  expect(await pilot.run(["wait", "vs/nobody", "--for=delete"])).toMatchObject({ status: EXIT.ok });
});

test("delete takes away by name or by file, and waits until it is gone", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  expect(await pilot.run(["delete", "vs", "reviews", "--dry-run"])).toEqual(
    ranAs(EXIT.ok, 'virtualservice.networking.istio.io "reviews" deleted (dry run)\n'),
  );
  expect(await pilot.run(["delete", "vs/reviews", "--wait"])).toEqual(
    ranAs(
      EXIT.ok,
      `virtualservice.networking.istio.io "reviews" deleted\n${VS} gone on 2 of 2 proxies\n`,
    ),
  );
  expect(pilot.folder.paths).toEqual(["mesh.yaml"]);
  const again = await pilot.run(["delete", "vs", "reviews"]);
  expect(again).toEqual(
    ranAs(EXIT.failed, "", 'error: virtualservices.networking.istio.io "reviews" not found\n'),
  );
  expect((await pilot.run(["delete", "vs", "reviews", "--ignore-not-found"])).status).toBe(EXIT.ok);
  pilot.files.write("dr.yaml", RULE);
  await pilot.run(["delete", "-f", "here/dr.yaml"]);
  expect(pilot.folder.text("mesh.yaml")).toBe(SERVICE);
});

test("diff shows what apply would change, and says by its status whether it would", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  pilot.files.write("vs.yaml", route("v2").replaceAll("# ", "# other words: "));
  expect(await pilot.run(["diff", "-f", "here/vs.yaml"])).toEqual(ranAs(EXIT.ok, ""));
  pilot.files.write("vs.yaml", route("v1").replace("timeout: 2s", "timeout: 2.000s"));
  const { status, stdout } = await pilot.run(["diff", "-f", "here/vs.yaml"]);
  expect(status).toBe(EXIT.failed);
  expect(stdout).toStartWith(`--- live ${VS} in default\n+++ here/vs.yaml:2\n@@ -`);
  expect(stdout.split("\n").filter((line) => /^[-+] /.test(line))).toEqual([
    "-            subset: v2",
    "+            subset: v1",
  ]);
});

test("get shows Istio's columns, selects, and knows kinds by every name", async () => {
  const pilot = await mesh({ "vs.yaml": `\n\n${route("v2")}` });
  pilot.time.advance(195_000);
  const table = `NAME     GATEWAYS  HOSTS                                  AGE\nreviews            ["${HOST}"]  3m15s\n`;
  for (const kind of [
    "vs",
    "virtualservice",
    "VirtualServices",
    "virtualservices.networking.istio.io",
  ]) {
    expect(await pilot.run(["get", kind])).toEqual(ranAs(EXIT.ok, table));
  }
  expect((await pilot.run(["get", "vs", "-o", "wide", "-A"])).stdout).toMatch(
    /^NAMESPACE +NAME .* FILE\ndefault .*mesh\/vs\.yaml:4\n$/,
  );
  expect(await pilot.run(["get", "vs", "-l", "app=ratings"])).toEqual(
    ranAs(EXIT.ok, "", "No vs found.\n"),
  );
  expect((await pilot.run(["get", "vs,dr", "-o", "name"])).stdout).toBe(
    `${VS}\ndestinationrule.networking.istio.io/reviews\n`,
  );
  expect(JSON.parse((await pilot.run(["get", "dr/reviews", "-o", "json"])).stdout)).toMatchObject({
    kind: "DestinationRule",
    spec: { host: HOST },
  });
  expect(JSON.parse((await pilot.run(["get", "dr", "-o", "json"])).stdout)).toMatchObject({
    kind: "List",
    items: [{ metadata: { name: "reviews" } }],
  });
});

test.each([
  [
    ["get", "virtualservces"],
    'unknown kind "virtualservces": did you mean virtualservices?',
    EXIT.usage,
  ],
  [["get", "x"], "known are virtualservices (vs)", EXIT.usage],
  [
    ["get", "vs", "nobody"],
    'no virtualservice "nobody" in namespace default: there is none',
    EXIT.failed,
  ],
  [["get", "vs", "-l", "a~b"], "labelSelector", EXIT.failed],
  [["delete", "vs"], "name an object", EXIT.usage],
  [["delete", "vs", "a", "-f", "here/a.yaml"], "not both", EXIT.usage],
  [["describe", "vs"], "name one object", EXIT.usage],
  [["describe", "service", "review"], "did you mean reviews?", EXIT.failed],
  [["edit", "vs", "a", "b"], "name one object", EXIT.usage],
  [["edit", "vs/nobody"], 'no virtualservice "nobody" in namespace default', EXIT.failed],
  [["edit", "dr/rewiews"], "did you mean reviews?", EXIT.failed],
  [["describe", "dr", "other"], "there are reviews", EXIT.failed],
  [["wait", "dr/rewiews"], "did you mean reviews?", EXIT.failed],
  [["wait", "vs/nobody", "-n", "\u001b[31m"], "in namespace ·[31m: there is none", EXIT.failed],
  [["apply"], "name files with -f", EXIT.usage],
  [["apply", "-f", "here/nothing.yaml"], "Cannot read here/nothing.yaml: ENOENT", EXIT.unreadable],
  [["diff", "-f", "here/nothing.yaml"], "Cannot read", EXIT.unreadable],
  [["wait", "vs"], "name an object", EXIT.usage],
  [["analyze", "here", "--suppress", "all"], "cannot read --suppress", EXIT.usage],
])("%j is refused with what would be right", async (args, words, status) => {
  const pilot = await mesh();
  pilot.files.folderFailure = "ENOENT";
  const ran = await pilot.run(args);
  expect(ran.stderr).toContain(words);
  expect(ran.status).toBe(status);
});

test.each([
  [["get", "vs"]],
  [["delete", "vs", "a"]],
  [["edit", "vs", "a"]],
  [["describe", "vs", "a"]],
  [["wait", "vs/a"]],
])("%j without a pilot says how to get one", async (args) => {
  const pilot = await mesh();
  pilot.isAway = true;
  const { status, stderr } = await pilot.run(args);
  expect(status).toBe(EXIT.failed);
  expect(stderr).toContain('Start a mesh with "sampan up"');
});

test("get shows services, endpoints, proxies and problems", async () => {
  const pilot = await mesh({ "vs.yaml": route("v9") });
  expect((await pilot.run(["get", "services"])).stdout).toMatch(
    /^NAME +PORTS +ENDPOINTS +ADDRESS\nreviews\.default +9080\/HTTP +2\/2 +127\.240\./,
  );
  expect((await pilot.run(["get", "endpoints", "reviews"])).stdout).toContain(
    "127.77.90.2:9080  healthy",
  );
  expect((await pilot.run(["get", "proxies"])).stdout).toMatch(
    /proxy-1\.default +sidecar +live +0s\n/,
  );
  expect((await pilot.run(["get", "problems"])).stdout).toMatch(
    /^SEVERITY .*\nwarning +mesh\/vs\.yaml:9 +VirtualService default\/reviews +spec\.http\[0\].*subset "v9"/,
  );
});

test("a watched get goes on with what changes", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  let asked = 0;
  const httpClient: typeof pilot.httpClient = {
    request: async (options) => {
      asked += 1;
      const answer = await pilot.httpClient.request(options);
      if (asked === 4) await pilot.run(["delete", "dr/reviews"]);
      if (asked === 6) await pilot.run(["apply", "-f", "here/dr.yaml"]);
      return answer;
    },
  };
  pilot.files.write("dr.yaml", RULE.replace("v2", "v3"));
  let isStopped = false;
  const timers: Timers = {
    ...pilot.timers,
    after: (ms, run) => {
      if (asked > 12) isStopped = true;
      return pilot.timers.after(ms, run);
    },
  };
  const catchStop = () => ({
    get isStopped() {
      return isStopped;
    },
    stopped: new Promise<void>(() => {}),
  });
  const { stdout } = await pilot.run(["get", "dr", "-w", "-o", "name"], {
    httpClient,
    timers,
    catchStop,
  });
  expect(stdout).toBe("destinationrule.networking.istio.io/reviews\n".repeat(2));
});

/** An editor that gives each of `texts` in turn, and keeps what it was shown. */
function editor(
  pilot: FakePilot,
  change: (shown: string, sitting: number) => string,
): {
  readonly shown: string[];
  readonly run: (args: readonly string[]) => ReturnType<FakePilot["run"]>;
} {
  const shown: string[] = [];
  const files = pilot.files;
  return {
    shown,
    run: (args) =>
      pilot.run(args, {
        env: { TMPDIR: "here", EDITOR: "vim -n" },
        runInForeground: async ({ command }) => {
          expect(command.slice(0, 4)).toEqual(["sh", "-c", 'vim -n "$1"', "sh"]);
          const path = (command[4] ?? "").replace("here/", "");
          const text = files.text(path) ?? "";
          shown.push(text);
          files.write(path, change(text, shown.length));
          return { code: 0, signal: undefined };
        },
      }),
  };
}

test("edit gives the author's text to the editor, and writes what comes back", async () => {
  const pilot = await mesh({ "vs.yaml": `# of the file\n\n${route("v2")}# end\n` });
  const session = editor(pilot, (text) => text.replace("v2 } }]", "v1 } }] # mine"));
  expect(await session.run(["edit", "vs/reviews"])).toEqual(ranAs(EXIT.ok, `${VS} edited\n`));
  expect(session.shown).toEqual([
    expect.stringMatching(/^(?:#\| .*\n)+# to one version\napiVersion: /),
  ]);
  expect(pilot.folder.text("vs.yaml")).toBe(
    `# of the file\n\n${route("v2").replace("v2 } }]", "v1 } }] # mine")}# end\n`,
  );
  expect(pilot.files.paths).toEqual([]);
});

test("what is not valid comes back with what is wrong on top, at the editor's lines", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  const session = editor(pilot, (text, sitting) =>
    sitting === 1
      ? text.replace("hosts:", "hots:")
      : text.replace("  hots:", "  hosts:").replace("2s", "3s"),
  );
  expect((await session.run(["edit", "vs", "reviews"])).status).toBe(EXIT.ok);
  const [, second = ""] = session.shown;
  const [, line = ""] = /#\| {3}(\d+):3: spec\.hots: unknown field/.exec(second) ?? [];
  expect(second.split("\n")[Number(line) - 1]).toStartWith("  hots:");
  expect(pilot.folder.text("vs.yaml")).toBe(route("v2").replace("2s", "3s"));
});

test.each<[string, (text: string) => string, number, string]>([
  ["no change", (text) => text, EXIT.ok, "no changes made"],
  ["an empty file", () => "", EXIT.ok, "no changes made"],
  [
    "the same mistake again",
    (text) => text.replace("hosts:", "hots:"),
    EXIT.failed,
    "no valid changes were saved",
  ],
  [
    "another name, twice",
    (text) => text.replace("name: reviews", "name: other"),
    EXIT.failed,
    "kind, namespace and name must stay",
  ],
])("edit with %s writes nothing", async (_case, change, status, words) => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  const ran = await editor(pilot, change).run(["edit", "vs/reviews"]);
  expect(ran.status).toBe(status);
  expect(ran.stderr).toContain(words);
  expect(pilot.folder.text("vs.yaml")).toBe(route("v2"));
  expect(pilot.files.paths).toHaveLength(status === EXIT.ok ? 0 : 1);
});

test("edit does not write over what somebody else changed meanwhile, and keeps the text", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  pilot.files.write("theirs.yaml", route("v1"));
  const session = editor(pilot, (text) => text.replace("2s", "9s"));
  const httpClient: typeof pilot.httpClient = {
    request: async (options) => {
      if (options.method === "PUT") await pilot.run(["apply", "-f", "here/theirs.yaml"]);
      return pilot.httpClient.request(options);
    },
  };
  const ran = await pilot.run(["edit", "vs/reviews"], {
    httpClient,
    env: { TMPDIR: "here" },
    runInForeground: async ({ command }) => {
      const path = (command[4] ?? "").replace("here/", "");
      pilot.files.write(path, (pilot.files.text(path) ?? "").replace("2s", "9s"));
      return { code: 0, signal: undefined };
    },
  });
  expect(session.shown).toEqual([]);
  expect(ran.status).toBe(EXIT.failed);
  expect(ran.stderr).toContain("Somebody changed it meanwhile");
  expect(pilot.folder.text("vs.yaml")).toBe(route("v1"));
});

test("describe joins what is known of a service", async () => {
  const pilot = await mesh({ "vs.yaml": route("v9") });
  const { stdout } = await pilot.run(["describe", "service", "reviews"]);
  expect(stdout).toContain("Service: reviews.default (mesh/mesh.yaml:1)\n");
  expect(stdout).toContain("DestinationRule: reviews.default (mesh/mesh.yaml:14)\n");
  expect(stdout).toContain("v2  version=v2  1 endpoint\n");
  expect(stdout).toContain("VirtualService: reviews.default (mesh/vs.yaml:2)\n");
  expect(stdout).toContain(
    `http[0]: headers end-user exact jason -> ${HOST} subset v9\n      timeout 2s\n`,
  );
  expect(stdout).toContain(
    'WARNING: mesh/vs.yaml:9: spec.http[0].route[0].destination.subset: subset "v9"',
  );
  expect(stdout).toContain("Live: live on 2 of 2 proxies\n");
});

test("describe tells of an object where it is, and who has it", async () => {
  const pilot = await mesh({ "vs.yaml": route("v2") });
  const { stdout } = await pilot.run(["describe", "dr", "reviews"]);
  expect(stdout).toMatch(/^Name: +reviews\n/);
  expect(stdout).toMatch(/File: +mesh\/mesh\.yaml:14\n/);
  expect(stdout).toMatch(
    /Live: +live on 2 of 2 proxies\nUsed by:\n {3}proxy-1\.default {2}live {2}CDS 3/,
  );
});

test("validate says without a pilot what the pilot would say", async () => {
  const pilot = await mesh();
  const run = (args: readonly string[]): ReturnType<typeof runFake> =>
    runFake(args, { files: pilot.files });
  pilot.files.write("vs.yaml", route("v2"));
  expect(await run(["validate", "-f", "here/vs.yaml"])).toEqual(
    ranAs(EXIT.ok, "✔ 1 object in 1 file valid\n"),
  );
  pilot.files.write("dr.yaml", `${RULE}  hots: a\n`);
  expect(await run(["validate", "here"])).toEqual(
    ranAs(
      EXIT.invalidConfiguration,
      "✖ 1 error; 1 object in 2 files valid\n",
      'error: here/dr.yaml:10:3: DestinationRule default/reviews: spec.hots: unknown field: did you mean "host"?\n',
    ),
  );
  const report = JSON.parse((await run(["validate", "here", "-o", "json"])).stdout);
  expect(report).toMatchObject({
    valid: false,
    files: 2,
    objects: 1,
    problems: [{ field: "spec.hots", source: { line: 10 } }],
  });
  pilot.files.write(".sampanignore", "dr.yaml\n");
  expect((await run(["validate", "here"])).status).toBe(EXIT.ok);
});

test("analyze speaks istioctl's format, with Istio's codes", async () => {
  const pilot = await mesh();
  pilot.files.write("mesh.yaml", `${SERVICE}---\n${RULE}`);
  const run = (...args: readonly string[]): ReturnType<typeof runFake> =>
    pilot.run(["analyze", ...args]);
  expect(await run("here")).toEqual(
    ranAs(EXIT.ok, "✔ No validation issues found when analyzing here.\n"),
  );
  pilot.files.write("vs.yaml", route("v9"));
  const { status, stdout } = await run("here");
  expect(status).toBe(EXIT.issuesFound);
  expect(stdout).toStartWith(
    'Error [IST0101] (VirtualService default/reviews here/vs.yaml:9) spec.http[0].route[0].destination.subset: subset "v9"',
  );
  expect((await run("here", "-S", "IST0101=VirtualService rev*.default")).status).toBe(EXIT.ok);
  expect((await run("here", "-S", "IST0101=VirtualService reviews.other")).status).toBe(
    EXIT.issuesFound,
  );
  expect(await run("here", "-S", "IST0110=*")).toMatchObject({
    status: EXIT.issuesFound,
    stderr: expect.stringContaining(
      "--suppress IST0110=* leaves nothing out: no finding has that code; did you mean IST0",
    ),
  });
  expect((await run("here", "-S", "IST01*=*")).stderr).not.toContain("leaves nothing out");
  const findings = JSON.parse((await run("here", "-o", "json")).stdout) as Finding[];
  expect(findings).toMatchObject([
    {
      code: "IST0101",
      level: "Error",
      origin: "VirtualService default/reviews",
      reference: "here/vs.yaml:9",
      column: 73,
    },
  ]);
  expect(JSON.parse((await run("here", "-o", "sarif")).stdout)).toMatchObject({
    version: "2.1.0",
    runs: [
      {
        results: [
          {
            ruleId: "IST0101",
            level: "error",
            locations: [{ physicalLocation: { region: { startLine: 9 } } }],
          },
        ],
      },
    ],
  });
});

test("analyze of a file against the pilot sees what runs there", async () => {
  const pilot = await mesh();
  pilot.files.write("vs.yaml", route("v2"));
  expect((await pilot.run(["analyze", "here/vs.yaml"])).status).toBe(EXIT.issuesFound);
  expect((await pilot.run(["analyze", "here/vs.yaml", "--against", "pilot"])).status).toBe(EXIT.ok);
  expect((await pilot.run(["analyze", "--against", "pilot"])).stdout).toBe(
    "✔ No validation issues found when analyzing the pilot.\n",
  );
});

test("thresholds say what is shown and what counts", async () => {
  const pilot = await mesh();
  pilot.files.write(
    "mesh.yaml",
    `${SERVICE}---\n${RULE.replace(HOST, "nobody.default.svc.cluster.local")}`,
  );
  const run = (...args: readonly string[]): ReturnType<typeof runFake> =>
    pilot.run(["analyze", "here", ...args]);
  expect(await run()).toMatchObject({
    status: EXIT.ok,
    stdout: expect.stringContaining("Warning [IST0174]"),
  });
  expect((await run("--failure-threshold", "Warning")).status).toBe(EXIT.issuesFound);
  expect((await run("--output-threshold", "Error")).stdout).toStartWith("✔");
  expect((await run("-L")).stdout).toContain("IST0174  Warning");
});
