// The TCP proxy: bytes both ways, half close, resets, upstreams that refuse or do not exist; access log and counters.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { Client, type ClientStep } from "./harness/client.ts";
import { accessLog, cluster, type Json, type Place, socketAddress } from "./harness/config.ts";
import { type Pair, type Side, sidesOf, startPair, stopPair } from "./harness/sides.ts";
import { changes, readStats } from "./harness/stats.ts";

type Step =
  | Exclude<ClientStep, { readonly untilResponses: number }>
  | "untilEnd"
  | { readonly untilBytes: number };

interface TcpCase {
  readonly name: string;
  readonly to?: string;
  readonly client: readonly Step[];
  readonly origin?: readonly Step[];
  readonly exceptStats?: RegExp;
}

interface End {
  readonly received: string;
  readonly ending: "open" | "ended" | "reset";
}

interface Observation {
  readonly client: End;
  readonly origin: End | undefined;
  readonly log: readonly string[];
}

const MEGABYTE = "0123456789abcdef".repeat(65_536);

const CASES: readonly TcpCase[] = [
  {
    name: "question and answer, client ends",
    client: ["hello", { untilText: "bye" }, "FIN", "untilEnd"],
    origin: [{ untilText: "hello" }, "bye", "untilEnd", "FIN"],
  },
  {
    name: "origin speaks first, and ends",
    client: [{ untilText: "welcome" }, "untilEnd", "FIN"],
    origin: ["welcome", "FIN", "untilEnd"],
  },
  {
    name: "half close of the client: the answer still comes",
    client: ["all of it", "FIN", { untilText: "late" }, "untilEnd"],
    origin: [{ untilText: "it" }, "untilEnd", { waitMs: 20 }, "late", "FIN"],
  },
  {
    name: "half close of the origin: the client may go on",
    client: ["untilEnd", { waitMs: 20 }, "late", "FIN"],
    origin: ["first", "FIN", { untilText: "late" }, "untilEnd"],
    exceptStats: /upstream_flush_total/, // whether the last bytes had left when the client ended
  },
  {
    name: "a megabyte both ways",
    client: [MEGABYTE, "FIN", { untilBytes: MEGABYTE.length }, "untilEnd"],
    origin: [MEGABYTE, { untilBytes: MEGABYTE.length }, "FIN", "untilEnd"],
  },
  { name: "client resets", client: ["x", { waitMs: 30 }, "RST"], origin: ["untilEnd"] },
  {
    name: "origin resets",
    client: ["x", "untilEnd"],
    origin: [{ untilText: "x" }, { waitMs: 20 }, "RST"],
  },
  {
    name: "client connects and leaves",
    client: [{ waitMs: 20 }, "FIN", "untilEnd"],
    origin: ["untilEnd", "FIN"],
  },
  { name: "refused", to: "refused-in", client: ["untilEnd"] },
  { name: "refused twice", to: "attempts-in", client: ["untilEnd"] },
  { name: "a cluster without hosts", to: "empty-in", client: ["untilEnd"] },
  { name: "idle too long", to: "idle-in", client: ["x", "untilEnd"], origin: ["untilEnd"] },
];

const FORMAT = [
  "%DOWNSTREAM_REMOTE_PORT% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %PROTOCOL%",
  "in=%BYTES_RECEIVED% out=%BYTES_SENT% cluster=%UPSTREAM_CLUSTER% host=%UPSTREAM_HOST%",
  "attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT% end=%CONNECTION_TERMINATION_DETAILS% failure=%UPSTREAM_TRANSPORT_FAILURE_REASON%",
].join(" ");

const tcpListener = (place: Place, name: string, clusterName: string, extra: Json = {}): Json => ({
  name,
  address: socketAddress(place.ip, place.port(name)),
  filter_chains: [
    {
      filters: [
        {
          name: "envoy.filters.network.tcp_proxy",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            stat_prefix: name,
            cluster: clusterName,
            access_log: [accessLog(place, "access.log", FORMAT)],
            ...extra,
          },
        },
      ],
    },
  ],
});

/** Runs the steps and says what came in and how it ended. */
async function perform(end: Client, steps: readonly Step[]): Promise<End> {
  for (const step of steps) {
    if (step === "untilEnd") await end.until(() => end.hasEnded, 2000);
    else if (typeof step === "object" && "untilBytes" in step) {
      await end.until(() => end.received.length >= step.untilBytes || end.hasEnded, 5000);
    } else await end.step(step, [], 2000);
  }
  const ending = end.wasReset ? "reset" : end.hasEnded ? "ended" : "open";
  const { received } = end;
  const text =
    received.length > 100
      ? `${received.length} bytes, ${Bun.hash(received)}`
      : received.toString("latin1");
  return { received: text, ending };
}

/** The raw origin of a side: performs `steps` on the next connection. */
class TcpOrigin {
  readonly #server: Server;
  steps: readonly Step[] = [];
  outcome: Promise<End> | undefined;
  readonly ends: Client[] = [];

  constructor(host: string, port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const end = new Client(socket);
      this.ends.push(end);
      this.outcome = perform(end, this.steps);
    });
    this.#server.listen(port, host);
  }

  stop(): void {
    this.#server.close();
  }
}

let pair: Pair;
const origins = new Map<Side, TcpOrigin>();

async function observe(side: Side, testCase: TcpCase): Promise<Observation> {
  const origin = origins.get(side);
  if (origin === undefined) throw new Error("no origin");
  origin.steps = testCase.origin ?? [];
  origin.outcome = undefined;
  const client = await Client.connect(side.place.ip, side.place.port(testCase.to ?? "tcp-in"));
  const seenByClient = await perform(client, testCase.client);
  const seenByOrigin = await origin.outcome;
  await client.close();
  for (const end of origin.ends.splice(0)) await end.close();
  const own = async (): Promise<string[] | undefined> => {
    const lines = (await side.logLines("access.log")).filter((line) =>
      line.startsWith(`${client.localPort} `),
    );
    return lines.length > 0 ? lines : undefined;
  };
  const log = (await until(own, 2000).catch(() => [])).map((line) =>
    line.replace(/^\d+ /, "").replaceAll(side.place.ip, "SIDE"),
  );
  return { client: seenByClient, origin: seenByOrigin, log };
}

describe.skipIf(mustSkip(findPeer("envoy")))("TCP proxy, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: [],
      ports: ["tcp-in", "refused-in", "attempts-in", "empty-in", "idle-in", "tcp", "refused"],
      resources: (place) => ({
        listeners: [
          tcpListener(place, "tcp-in", "tcp"),
          tcpListener(place, "refused-in", "refused"),
          tcpListener(place, "attempts-in", "refused", { max_connect_attempts: 2 }),
          tcpListener(place, "empty-in", "empty"),
          tcpListener(place, "idle-in", "tcp", { idle_timeout: "0.1s" }),
        ],
        clusters: [
          cluster(place, "tcp", ["tcp"]),
          cluster(place, "refused", ["refused"]),
          cluster(place, "empty", []),
        ],
      }),
    });
    for (const side of sidesOf(pair))
      origins.set(side, new TcpOrigin(side.place.ip, side.place.port("tcp")));
  }, 20_000);
  afterAll(async () => {
    for (const origin of origins.values()) origin.stop();
    await stopPair(pair);
  });

  for (const testCase of CASES) {
    test(testCase.name, async () => {
      const [envoy, ours] = await Promise.all(
        sidesOf(pair).map(async (side) => {
          const before = await readStats(side);
          const seen = await observe(side, testCase);
          await Bun.sleep(60); // gauges of connections that are just being closed
          const lines = changes(before, await readStats(side));
          return {
            ...seen,
            stats: lines.filter((line) => testCase.exceptStats?.test(line) !== true),
          };
        }),
      );
      expect(ours).toEqual(envoy);
      expect(envoy?.log).toHaveLength(1);
    });
  }
});
