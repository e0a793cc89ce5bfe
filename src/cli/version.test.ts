// `sampan version`: of a mesh, without a pilot, and what is too far apart.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import packageJson from "../../package.json" with { type: "json" };
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

const PROXIES = [
  { name: "a", namespace: "default", adminAddress: "127.0.1.2:15000", ipAddress: "127.0.1.2" },
  { name: "b", namespace: "default", adminAddress: "127.0.1.3:15000", ipAddress: "127.0.1.3" },
  { name: "c", namespace: "default", adminAddress: "127.0.1.4:15000", ipAddress: "127.0.1.4" },
];

/** `pilot` is its gitVersion; `agents` what the admin pages of PROXIES say. */
function mesh(pilot: string, agents: readonly (string | undefined)[]): HttpClient {
  const answer = (value: unknown): HttpAnswer => ({
    kind: "answered",
    status: 200,
    body: JSON.stringify(value),
  });
  return {
    request: async ({ url }) => {
      if (url.endsWith("/version")) return answer({ gitVersion: pilot });
      if (url.endsWith("/debug/syncz")) return answer(PROXIES);
      const agent = agents[PROXIES.findIndex(({ adminAddress }) => url.includes(adminAddress))];
      if (agent === undefined) return { kind: "failed", reason: "connection refused" };
      return answer({ version: agent });
    },
  };
}

const ENVOY = `${"9e".repeat(20)}/1.40.0/Clean/RELEASE/BoringSSL`;
const OWN = packageJson.version;

test("versions of all parts, proxies counted by theirs", async () => {
  const httpClient = mesh(`v${OWN}`, [`sampan/${OWN}`, ENVOY, undefined]);
  const { status, stdout, stderr } = await runFake(["version"], { httpClient });
  expect([status, stderr]).toEqual([EXIT.ok, ""]);
  expect(stdout.split("\n").slice(1)).toEqual([
    `pilot version:       ${OWN} (127.0.0.1:15014)`,
    `data plane version:  sampan/${OWN} (1 proxy)`,
    "data plane version:  envoy/1.40.0 (1 proxy)",
    "data plane version:  unknown (1 proxy)",
    "",
  ]);
});

test("what is more than one minor version away is pointed out, once; Envoy's versions are its own", async () => {
  const httpClient = mesh("v0.9.0", ["sampan/0.7.0", "sampan/0.7.0", ENVOY]);
  const { status, stderr } = await runFake(["version"], { httpClient });
  expect(status).toBe(EXIT.ok);
  expect(stderr.split("\n").map((line) => line.split(",")[0])).toEqual([
    "The pilot is 0.9.0",
    "There are proxies of 0.7.0",
    "",
  ]);
});

test("without a pilot it says so, and what it knows", async () => {
  const httpClient: HttpClient = {
    request: async () => ({ kind: "failed", reason: "connection refused" }),
  };
  const { status, stdout, stderr } = await runFake(["version", "-o", "json"], { httpClient });
  expect(status).toBe(EXIT.ok);
  expect(JSON.parse(stdout)).toMatchObject({ client: { version: OWN }, proxies: [] });
  expect(stderr).toContain("No pilot answers");
});

test("--short and --client ask nobody", async () => {
  expect((await runFake(["version", "--short"])).stdout).toBe(`${OWN}\n`);
  expect((await runFake(["version", "--client"])).stdout).toStartWith("client version:");
});
