// Configuration changed from outside, for real: a pilot as a process, commands as processes, files on disk, an editor on a terminal.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PilotProcess, SAMPAN, startPilotProcess } from "../support/pilot-process.ts";
import { openTerminal } from "../support/pty.ts";
import { type ProgramRun, runProgram } from "../support/run-program.ts";

const RULE = `# Copyright of the file

# the versions
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews.default.svc.cluster.local # in full
---
# another
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ratings }
spec: { host: ratings.default.svc.cluster.local }
`;
const ROUTE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  http:
    - route: [{ destination: { host: reviews.default.svc.cluster.local } }]
`;

const home = mkdtempSync(join(tmpdir(), "sampan-configuration-"));
const folder = join(home, "mesh");
let pilot: PilotProcess | undefined;
let address = "";

beforeAll(async () => {
  await Bun.write(join(folder, "rules.yaml"), RULE);
  [pilot, address] = await startPilotProcess(folder);
});
afterAll(async () => {
  pilot?.kill();
  await pilot?.exited;
  rmSync(home, { recursive: true });
});

const sampan = (args: readonly string[], input = ""): Promise<ProgramRun> =>
  runProgram([SAMPAN, ...args], { env: { ...process.env, SAMPAN_PILOT: address }, input });

const onDisk = (name: string): string => readFileSync(join(folder, name), "utf8");

test("what is applied, compared and deleted by pipe is in the pilot's folder at once", async () => {
  expect(await sampan(["apply", "-f", "-", "--wait"], ROUTE)).toEqual({
    status: 0,
    stdout:
      "virtualservice.networking.istio.io/reviews created\nvirtualservice.networking.istio.io/reviews written; no proxy is connected\n",
    stderr: "",
  });
  expect(onDisk("virtualservice.default.reviews.yaml")).toBe(ROUTE);
  const changed = ROUTE.replace("- route", "- timeout: 2s\n      route");
  expect((await sampan(["diff", "-f", "-"], changed)).status).toBe(1);
  await sampan(["apply", "-f", "-"], changed);
  expect((await sampan(["diff", "-f", "-"], changed)).status).toBe(0);
  expect((await sampan(["get", "vs", "-o", "name"])).stdout).toBe(
    "virtualservice.networking.istio.io/reviews\n",
  );
  expect((await sampan(["delete", "vs", "reviews"])).status).toBe(0);
  expect(readdirSync(folder)).toEqual(["rules.yaml"]);
});

test("an editor gets the terminal, and the file keeps every other byte", async () => {
  const terminal = openTerminal([SAMPAN, "edit", "dr/reviews"], {
    env: {
      SAMPAN_PILOT: address,
      // Fails unless it has a terminal to draw on and to read keys from.
      SAMPAN_EDITOR: "test -t 0 && test -t 1 && sed -i 's/in full/edited/'",
      TMPDIR: home,
    },
  });
  await terminal.waitFor("destinationrule.networking.istio.io/reviews edited");
  expect(await terminal.status).toBe(0);
  expect(onDisk("rules.yaml")).toBe(RULE.replace("in full", "edited"));
  expect(readdirSync(home).filter((name) => name.startsWith("sampan-edit"))).toEqual([]);
});

test("a watched list shows what comes, until it is stopped", async () => {
  const terminal = openTerminal([SAMPAN, "get", "gw", "-w", "-n", "edge"], {
    env: { SAMPAN_PILOT: address },
  });
  await terminal.waitFor("No gw found in namespace edge.");
  const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: edge }
spec: { servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
`;
  await sampan(["apply", "-f", "-"], gateway);
  await terminal.waitFor(/^front +\d+s$/m);
  terminal.type("\u0003");
  expect(await terminal.status).toBe(0);
  await sampan(["delete", "gw", "front", "-n", "edge"]);
});

test.each([
  ["a name that somebody pointed at us", { host: "evil.example" }, 403],
  ["a page of another site", { origin: "http://evil.example" }, 403],
  ["a form", { "content-type": "text/plain" }, 415],
  ["more than a configuration", { body: `#${"x".repeat(5_000_000)}` }, 413],
])(
  "%s changes nothing",
  async (_case, { body = ROUTE, ...headers }: Record<string, string>, status) => {
    const url = `http://${address}/apis/networking.istio.io/v1/namespaces/default/virtualservices`;
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/yaml", ...headers },
      body,
    });
    expect(answer.status).toBe(status);
    expect((await sampan(["get", "vs", "-o", "name"])).stdout).toBe("");
  },
);

test("a pilot that is killed in the middle of writing leaves whole files", async () => {
  const victim = join(home, "victim");
  await Bun.write(join(victim, "rules.yaml"), RULE);
  const [started, where] = await startPilotProcess(victim);
  const url = `http://${where}/apis/networking.istio.io/v1/namespaces/default/destinationrules/ratings`;
  const text = (host: string): string =>
    RULE.split("---\n# another\n")[1]?.replace("ratings.default", host) ?? "";
  const headers = { "content-type": "application/yaml" };
  let written = 0;
  const writes = (async () => {
    for (let i = 0; i < 500; i += 1) {
      const answer = await fetch(url, { method: "PUT", headers, body: text(`h${i}`) }).catch(
        () => undefined,
      );
      if (answer?.status !== 200) return;
      written = i;
      if (i === 20) started.kill("SIGKILL");
    }
  })();
  await writes;
  await started.exited;
  const left = readFileSync(join(victim, "rules.yaml"), "utf8");
  expect(written).toBeGreaterThanOrEqual(20);
  const hosts = [written, written + 1].map(
    (i) => RULE.slice(0, RULE.indexOf("# another")) + text(`h${i}`),
  );
  expect(hosts).toContain(left);
}, 20_000);
