// Foreign clients of our xDS: gRPC's own implementations resolve a service through the pilot and call it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustSkip, type Peer } from "../support/peers.ts";
import { startPilot, type TestPilot } from "../support/pilot.ts";
import { type EchoServer, startEcho } from "./grpc-echo.ts";

const HOST = "echo.default.svc.cluster.local";
const V1 = "127.77.20.1";
const V2 = "127.77.20.2";

let pilot: TestPilot;
let servers: EchoServer[] = [];

const serviceEntry = (v1: EchoServer, v2: EchoServer): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: echo }
spec:
  hosts: [${HOST}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9090, name: grpc, protocol: GRPC }]
  endpoints:
    - { address: ${V1}, ports: { grpc: ${v1.port} }, labels: { version: v1 } }
    - { address: ${V2}, ports: { grpc: ${v2.port} }, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo }
spec:
  host: ${HOST}
  trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
`;

const ONLY_V2 = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo }
spec:
  hosts: [${HOST}]
  http: [{ route: [{ destination: { host: ${HOST}, subset: v2 } }] }]
`;

beforeAll(async () => {
  const v1 = await startEcho(V1, "v1");
  const v2 = await startEcho(V2, "v2");
  servers = [v1, v2];
  pilot = await startPilot({ "echo.yaml": serviceEntry(v1, v2) });
});

afterAll(async () => {
  await pilot.close();
  for (const server of servers) server.close();
});

/** The file that every gRPC implementation reads (GRPC_XDS_BOOTSTRAP). */
function bootstrapFile(name: string): string {
  const path = join(pilot.folder, `.${name}.json`);
  const node = {
    id: `sidecar~127.77.20.9~${name}.default~default.svc.cluster.local`,
    cluster: name, // @grpc/grpc-js-xds reads no bootstrap without cluster and locality
    locality: { zone: "a" },
    metadata: { GENERATOR: "grpc", NAMESPACE: "default" },
  };
  const server = {
    server_uri: `${pilot.xds.host}:${pilot.xds.port}`,
    channel_creds: [{ type: "insecure" }],
    server_features: ["xds_v3"],
  };
  writeFileSync(path, JSON.stringify({ xds_servers: [server], node }));
  return path;
}

async function calls(
  command: readonly string[],
  name: string,
  count: number,
  dialled: string = HOST,
): Promise<string[]> {
  const env = { ...process.env, GRPC_XDS_BOOTSTRAP: bootstrapFile(name), GRPC_VERBOSITY: "ERROR" };
  const child = Bun.spawn([...command, `xds:///${dialled}:9090`, String(count)], {
    env,
    stdout: "pipe",
    stderr: "pipe",
    timeout: 30_000,
  });
  const [out, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`${command[0]} ended with ${status}: ${errors}`);
  return out.trim().split("\n");
}

const GRPC_JS = [process.execPath, join(import.meta.dir, "grpc-js-xds-client.ts")];
const GRPC_CORE = ["/usr/bin/python3", join(import.meta.dir, "grpc-core-client.py")];

/** Debian's package python3-grpcio, for Debian's own Python. */
function pythonGrpc(): Peer {
  if (existsSync("/usr/lib/python3/dist-packages/grpc"))
    return { kind: "found", path: GRPC_CORE[0] ?? "" };
  return { kind: "missing", reason: "the Debian package python3-grpcio is not installed" };
}

/** A change takes moments to arrive: asks again until exactly these versions answer. */
async function untilAnsweredBy(
  versions: readonly string[],
  ask: () => Promise<string[]>,
): Promise<void> {
  let seen = new Set<string>();
  for (let tries = 0; tries < 20; tries += 1) {
    seen = new Set(await ask());
    if (seen.symmetricDifference(new Set(versions)).size === 0) return;
  }
  expect(seen).toEqual(new Set(versions));
}

test("@grpc/grpc-js-xds spreads calls over both endpoints", async () => {
  await untilAnsweredBy(["v1", "v2"], () => calls(GRPC_JS, "js", 10));
}, 60_000);

test("@grpc/grpc-js-xds follows a VirtualService to a subset", async () => {
  pilot.write("route.yaml", ONLY_V2);
  await untilAnsweredBy(["v2"], () => calls(GRPC_JS, "js-subset", 10));
  pilot.remove("route.yaml");
}, 60_000);

test.skipIf(mustSkip(pythonGrpc()))(
  "gRPC's C core spreads calls over both endpoints",
  async () => {
    await untilAnsweredBy(["v1", "v2"], () => calls(GRPC_CORE, "core", 10));
  },
  60_000,
);

test.skipIf(mustSkip(pythonGrpc()))(
  "gRPC's C core follows a VirtualService to a subset",
  async () => {
    pilot.write("route.yaml", ONLY_V2);
    await untilAnsweredBy(["v2"], () => calls(GRPC_CORE, "core-subset", 10));
    pilot.remove("route.yaml");
  },
  60_000,
);

test("a short name is the service of the client's own namespace", async () => {
  await untilAnsweredBy(["v1", "v2"], () => calls(GRPC_JS, "js-short", 10, "echo"));
}, 60_000);
