import { describe, expect, test } from "bun:test";
import type { Peer } from "../testing/peer.ts";
import { ADMIN, LISTENER, ORIGIN, WorkerPair } from "./testing/worker-pair.ts";

const GET = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const isOk = ({ received }: Peer): boolean => received.startsWith("HTTP/1.1 200 OK");

/** Sends a request to each worker; the origins answer. */
async function serveBoth(pair: WorkerPair): Promise<Peer[]> {
  const clients = [await pair.client(0, GET), await pair.client(1, GET)];
  await answer(pair);
  return clients;
}

async function answer(pair: WorkerPair): Promise<void> {
  for (const origin of pair.origins) for (const peer of origin.peers) peer.send(OK);
  await pair.run();
}

async function started(options?: ConstructorParameters<typeof WorkerPair>[0]): Promise<WorkerPair> {
  const pair = new WorkerPair(options);
  await pair.run();
  return pair;
}

/** `name: value` of /stats. */
async function stat(pair: WorkerPair, name: string): Promise<number | undefined> {
  const line = (await pair.admin("/stats"))
    .split("\n")
    .find((text) => text.startsWith(`${name}: `));
  return line === undefined ? undefined : Number(line.slice(name.length + 2));
}

describe("two workers", () => {
  test("both serve, each over its own connection to the origin", async () => {
    const pair = await started();
    expect((await serveBoth(pair)).map(isOk)).toEqual([true, true]);
    expect(pair.origins.map(({ peers }) => peers.length)).toEqual([1, 1]);
  });

  test("LIVE only when the other worker serves too", async () => {
    const pair = new WorkerPair();
    pair.isWorker1Busy = true;
    await pair.run();
    expect(await pair.admin("/ready")).toContain("INITIALIZING\n");
    pair.isWorker1Busy = false;
    await pair.run();
    expect(await pair.admin("/ready")).toContain("LIVE\n");
  });

  test("where the configuration leaves the port to the kernel, both have the same", async () => {
    const pair = await started({
      listener: { address: { socket_address: { address: LISTENER.host, port_value: 0 } } },
    });
    const address = pair.proxy.listeners.addressOf("http");
    expect(address?.port).toBeGreaterThan(0);
    expect(isOk(await pair.client(1, GET, address))).toBe(false);
    expect(pair.origins[1]?.peers.length).toBe(1);
  });

  test("names are looked up once for both, and again for both", async () => {
    const pair = await started({
      cluster: {
        type: "STRICT_DNS",
        dns_refresh_rate: "5s",
        load_assignment: {
          cluster_name: "origin",
          endpoints: [
            {
              lb_endpoints: [
                {
                  endpoint: {
                    address: {
                      socket_address: { address: "origin.test", port_value: ORIGIN.port },
                    },
                  },
                },
              ],
            },
          ],
        },
      },
    });
    expect(pair.lookedUp).toEqual(["origin.test"]);
    expect((await serveBoth(pair)).map(isOk)).toEqual([true, true]);
    await pair.advance(5_500);
    expect(pair.lookedUp).toEqual(["origin.test", "origin.test"]);
  });

  test("max_requests is one limit for both", async () => {
    const pair = await started({
      cluster: { circuit_breakers: { thresholds: [{ max_requests: 1 }] } },
    });
    const first = await pair.client(0, GET);
    const second = await pair.client(1, GET);
    expect(second.received).toStartWith("HTTP/1.1 503");
    expect(await stat(pair, "cluster.origin.circuit_breakers.default.rq_open")).toBe(1);
    await answer(pair);
    expect(isOk(first)).toBe(true);
    expect(await stat(pair, "cluster.origin.circuit_breakers.default.rq_open")).toBe(0);
    expect(await stat(pair, "cluster.origin.upstream_rq_pending_overflow")).toBe(0);
  });
});

describe("admin pages of two workers", () => {
  test("/stats and /stats/prometheus: sums, by worker where Envoy says it, and one configuration", async () => {
    const pair = await started();
    await serveBoth(pair);
    await pair.client(1, GET);
    await answer(pair);
    const rows: readonly (readonly [string, number])[] = [
      ["http.in.downstream_rq_total", 3],
      ["http.in.downstream_cx_active", 3],
      ["listener.127.77.0.1_10000.worker_0.downstream_cx_total", 1],
      ["listener.127.77.0.1_10000.worker_1.downstream_cx_total", 2],
      ["cluster.origin.upstream_rq_200", 3],
      ["cluster.origin.membership_total", 1],
      ["cluster_manager.cluster_added", 1],
      ["listener_manager.total_listeners_active", 1],
      ["listener_manager.listener_added", 1],
      ["listener_manager.listener_create_success", 2],
      ["server.concurrency", 2],
      ["server.total_connections", 0],
      ["server.memory_allocated", 20],
      ["server.memory_physical_size", 100],
    ];
    for (const [name, value] of rows) expect([name, await stat(pair, name)]).toEqual([name, value]);
    await pair.advance(5_000);
    expect(await stat(pair, "server.total_connections")).toBe(3);
    expect(await pair.admin("/stats/prometheus")).toContain(
      'envoy_cluster_upstream_rq_total{envoy_cluster_name="origin"} 3\n',
    );
  });

  test("/clusters: what all workers have counted on a host", async () => {
    const pair = await started();
    await serveBoth(pair);
    const page = await pair.admin("/clusters");
    expect(page).toContain("origin::127.77.1.1:80::rq_total::2\n");
    expect(page).toContain("origin::127.77.1.1:80::cx_active::2\n");
    expect(page).toContain("origin::127.77.1.1:80::health_flags::healthy\n");
  });

  test("/clusters: a host that one worker has ejected is shown as ejected", async () => {
    const pair = await started({
      cluster: { outlier_detection: { consecutive_5xx: 1, max_ejection_percent: 100 } },
    });
    await pair.client(1, GET);
    pair.origins[1]?.peers[0]?.send("HTTP/1.1 500 E\r\ncontent-length: 0\r\n\r\n");
    await pair.run();
    expect(await pair.admin("/clusters")).toContain(
      "origin::127.77.1.1:80::health_flags::/failed_outlier_check\n",
    );
    expect(await stat(pair, "cluster.origin.membership_healthy")).toBe(0);
    expect(await stat(pair, "cluster.origin.outlier_detection.ejections_active")).toBe(1);
  });

  test("a worker that is busy: the page comes after a second, with what it said before", async () => {
    const pair = await started();
    await serveBoth(pair);
    expect(await stat(pair, "http.in.downstream_rq_total")).toBe(2);
    await serveBoth(pair);
    pair.isWorker1Busy = true;
    const reader = await pair.client(0, "GET /stats HTTP/1.1\r\nhost: h\r\n\r\n", ADMIN);
    expect(reader.received).toBe("");
    expect(await pair.admin("/ready")).toContain("LIVE\n");
    await pair.advance(1_000);
    expect(reader.received).toContain("http.in.downstream_rq_total: 3\n");
    expect(pair.log.warnings).toEqual(["workers are busy; the page shows what they said before"]);
    pair.isWorker1Busy = false;
    await pair.run();
    expect(await stat(pair, "http.in.downstream_rq_total")).toBe(4);
  });

  test("a reader that leaves before the workers answer, and one that asks twice in one write", async () => {
    const pair = await started();
    pair.isWorker1Busy = true;
    const gone = await pair.client(0, "GET /stats HTTP/1.1\r\nhost: h\r\n\r\n", ADMIN);
    gone.socket?.reset();
    const twice = await pair.client(
      0,
      "GET /stats?filter=uptime HTTP/1.1\r\nhost: h\r\n\r\nGET /ready HTTP/1.1\r\nhost: h\r\n\r\n",
      ADMIN,
    );
    pair.isWorker1Busy = false;
    await pair.run();
    expect(gone.received).toBe("");
    expect(twice.received.match(/HTTP\/1.1 200 OK/g)?.length).toBe(2);
    expect(twice.received.indexOf("server.uptime")).toBeLessThan(twice.received.indexOf("LIVE"));
  });

  test("/reset_counters, /logging and /healthcheck/fail reach both", async () => {
    const pair = await started();
    await serveBoth(pair);
    await pair.admin("/reset_counters", "POST");
    expect(await stat(pair, "http.in.downstream_rq_total")).toBe(0);
    await pair.admin("/logging?level=debug", "POST");
    expect(pair.levels).toEqual(["debug", "debug"]);
    await pair.admin("/healthcheck/fail", "POST");
    for (const client of await serveBoth(pair))
      expect(client.received).toContain("connection: close");
    await pair.admin("/healthcheck/ok", "POST");
    for (const client of await serveBoth(pair)) expect(client.received).not.toContain("connection");
  });

  test("/drain_listeners closes the listeners of both", async () => {
    const pair = await started();
    await pair.admin("/drain_listeners", "POST");
    for (const worker of [0, 1] as const) {
      expect((await pair.client(worker, GET)).error?.code).toBe("ECONNREFUSED");
    }
  });
});

describe("draining two workers", () => {
  test("ends when the last request of either is answered", async () => {
    const pair = await started();
    const client = await pair.client(1, GET);
    let isDrained = false;
    void pair.proxy.drain(60_000).then(() => {
      isDrained = true;
    });
    await pair.advance(1_000);
    expect(isDrained).toBe(false);
    expect((await pair.client(1, GET)).error?.code).toBe("ECONNREFUSED");
    await answer(pair);
    expect(client.received).toContain("connection: close");
    await pair.advance(100);
    expect(isDrained).toBe(true);
  });

  test("ends at the limit, whatever still runs", async () => {
    const pair = await started();
    const client = await pair.client(1, GET);
    let isDrained = false;
    void pair.proxy.drain(5_000).then(() => {
      isDrained = true;
    });
    await pair.run();
    await pair.advance(5_100);
    expect(isDrained).toBe(true);
    expect(client.hasEnded).toBe(true);
  });
});
