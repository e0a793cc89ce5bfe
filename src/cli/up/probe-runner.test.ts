// Every way of asking a program for its health, over ports in memory.
import { afterEach, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import {
  type ReadinessProbe,
  ReadinessProbeSchema,
} from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { systemHttpClient } from "#io/bun/http-client.ts";
import { bunNet } from "#io/bun/net.ts";
import { systemTimers } from "#io/bun/time.ts";
import { systemProcesses } from "#io/process/processes.ts";
import type { Health } from "./probe.ts";
import { ProbeRunner } from "./probe-runner.ts";

const HOST = "127.77.61.1";
/** In the template; the program listens elsewhere. */
const TEMPLATE_PORT = 9080;
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function origin(): number {
  const server = Bun.serve({
    hostname: HOST,
    port: 0,
    fetch: (request) =>
      new Response("", { status: new URL(request.url).pathname === "/health" ? 204 : 500 }),
  });
  ends.push(() => server.stop(true));
  return server.port ?? 0;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Resolves with the first health that is told, or "unknown" after `limitMs`. */
function firstHealth(
  port: number,
  config: ReadinessProbe | undefined,
  limitMs: number,
): Promise<Health> {
  return new Promise((resolve) => {
    const runner = new ProbeRunner(
      {
        net: bunNet,
        timers: systemTimers,
        httpClient: systemHttpClient,
        processes: systemProcesses,
      },
      {
        address: { host: HOST, ports: { http: port } },
        portOf: (templatePort) => (templatePort === TEMPLATE_PORT ? port : templatePort),
        directory: "/",
        env: { WANTED: "yes", PATH: process.env["PATH"] ?? "" },
      },
      config,
      resolve,
    );
    ends.push(() => runner.stop());
    runner.start();
    setTimeout(() => resolve("unknown"), limitMs);
  });
}

const METHODS: Readonly<Record<string, ReadinessProbe["healthCheckMethod"] | undefined>> = {
  "without a probe": undefined,
  tcpSocket: create(ReadinessProbeSchema, {
    healthCheckMethod: { case: "tcpSocket", value: { port: TEMPLATE_PORT } },
  }).healthCheckMethod,
  httpGet: create(ReadinessProbeSchema, {
    healthCheckMethod: { case: "httpGet", value: { port: TEMPLATE_PORT, path: "/health" } },
  }).healthCheckMethod,
  exec: create(ReadinessProbeSchema, {
    healthCheckMethod: { case: "exec", value: { command: ["/bin/sh", "-c", "test $WANTED"] } },
  }).healthCheckMethod,
};

const configOf = (
  method: ReadinessProbe["healthCheckMethod"] | undefined,
): ReadinessProbe | undefined =>
  method === undefined ? undefined : create(ReadinessProbeSchema, { healthCheckMethod: method });

test.each(Object.keys(METHODS))("%s: an instance that answers is healthy", async (name) => {
  expect(await firstHealth(origin(), configOf(METHODS[name]), 2_000)).toBe("healthy");
});

test.each(["without a probe", "tcpSocket", "httpGet"])(
  "%s: an instance that does not listen stays unknown",
  async (name) => {
    expect(await firstHealth(freePort(), configOf(METHODS[name]), 250)).toBe("unknown");
  },
);

test("a status that is no success is none", async () => {
  const config = create(ReadinessProbeSchema, {
    healthCheckMethod: { case: "httpGet", value: { port: TEMPLATE_PORT, path: "/other" } },
  });
  expect(await firstHealth(origin(), config, 250)).toBe("unknown");
});
