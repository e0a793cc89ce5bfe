// Random clients, origins and faults against the whole proxy, under a seed: whoever asked is answered once, with their own answer,
// or sees the connection end; and when all have gone, nothing is left.
import { expect, test } from "bun:test";
import { below, createSeededRandom, type Random } from "#base/random.ts";
import type { Peer } from "../testing/peer.ts";
import {
  type FixtureOptions,
  type Json,
  ProxyFixture,
  routeTo,
  wire,
} from "../testing/proxy-fixture.ts";

const RUNS = 250;
const STEPS = 120;

type Choice<T> = readonly [weight: number, value: T];

function choose<T>(random: Random, choices: readonly Choice<T>[]): T {
  let left = below(
    random,
    choices.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, value] of choices) {
    if (left < weight) return value;
    left -= weight;
  }
  throw new Error("weights are positive");
}

interface Message {
  readonly startLine: string;
  readonly id: string;
  readonly isComplete: boolean;
}

/** Reads HTTP/1 messages off `text`; knows only what the parties of this test write. */
function messages(text: string, isResponse: boolean): Message[] {
  const found: Message[] = [];
  let rest = text;
  while (rest !== "") {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) break;
    const head = rest.slice(0, end).toLowerCase();
    rest = rest.slice(end + 4);
    const startLine = head.split("\r\n")[0] ?? "";
    const id = isResponse
      ? (/\r\nx-id: (\S+)/.exec(head)?.[1] ?? "")
      : (startLine.split(" ")[1] ?? "");
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    let isComplete = true;
    if (head.includes("transfer-encoding: chunked")) {
      const chunks = /^(?:([1-9a-f][0-9a-f]*)\r\n[^\r]*\r\n)*0\r\n\r\n/.exec(rest);
      isComplete = chunks !== null;
      rest = chunks === null ? "" : rest.slice(chunks[0].length);
    } else {
      isComplete = rest.length >= length;
      rest = rest.slice(length);
    }
    if (!(isResponse && startLine.startsWith("http/1.1 1")))
      found.push({ startLine, id, isComplete });
  }
  return found;
}

class ModelClient {
  readonly peer: Peer;
  /** Ids of the requests, in order; all valid. */
  readonly asked: string[] = [];
  /** Bytes of the script that are still to be sent. */
  unsent = "";
  isSpoilt = false;
  hasLeft = false;
  constructor(peer: Peer) {
    this.peer = peer;
  }
}

class Run {
  readonly f: ProxyFixture;
  readonly random: Random;
  readonly clients: ModelClient[] = [];
  readonly answered = new Map<Peer, number>();
  readonly readsWhole: boolean;
  #nextId = 0;

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
    this.readsWhole = below(this.random, 3) > 0;
    this.f = new ProxyFixture(optionsOf(this.random, this.readsWhole, seed));
  }

  step(): void {
    const { random, f } = this;
    const act = choose<() => void>(random, [
      [2, () => this.open()],
      [8, () => this.ask()],
      [12, () => this.sendSome()],
      [14, () => this.answer()],
      [1, () => this.spoil()],
      [1, () => this.leave()],
      [2, () => this.stall()],
      [2, () => f.advance(below(random, 40))],
      [1, () => f.advance(below(random, 1500))],
    ]);
    act();
    f.net.run();
  }

  open(): void {
    if (this.clients.filter(({ hasLeft }) => !hasLeft).length < 5) {
      this.clients.push(new ModelClient(this.f.client()));
    }
  }

  #one(): ModelClient | undefined {
    const open = this.clients.filter(({ hasLeft }) => !hasLeft);
    return open[below(this.random, Math.max(1, open.length))];
  }

  ask(): void {
    const client = this.#one();
    if (client === undefined || client.isSpoilt) return;
    this.#nextId += 1;
    const id = `/${this.#nextId}`;
    client.asked.push(id);
    client.unsent += choose(this.random, [
      [4, wire(`GET ${id} HTTP/1.1`, "host: h")],
      [2, `${wire(`POST ${id} HTTP/1.1`, "host: h", "content-length: 10")}0123456789`],
      [
        1,
        `${wire(`POST ${id} HTTP/1.1`, "host: h", "transfer-encoding: chunked")}3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`,
      ],
      [
        1,
        `${wire(`POST ${id} HTTP/1.1`, "host: h", "content-length: 300", "expect: 100-continue")}${"y".repeat(300)}`,
      ],
    ]);
    if (below(this.random, 2) === 0) this.#flush(client);
  }

  #flush(client: ModelClient): void {
    client.peer.send(client.unsent);
    client.unsent = "";
  }

  sendSome(): void {
    const client = this.#one();
    if (client === undefined || client.unsent === "") return;
    const count = 1 + below(this.random, client.unsent.length);
    client.peer.send(client.unsent.slice(0, count));
    client.unsent = client.unsent.slice(count);
  }

  spoil(): void {
    const client = this.#one();
    if (client === undefined) return;
    client.isSpoilt = true;
    client.unsent += choose(this.random, [
      [1, "nonsense\r\n\r\n"],
      [1, "GET / HTTP/1.1\r\nhost: h\r\nbad name: x\r\n\r\n"],
      [1, wire("POST / HTTP/1.1", "host: h", "content-length: 1", "transfer-encoding: chunked")],
      [1, `${wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked")}zz\r\n`],
    ]);
  }

  /** Somebody stops reading for a while, or begins again. */
  stall(): void {
    const client = this.#one();
    const origins = this.f.origins.flatMap(({ peers }) => peers);
    const peer = choose(this.random, [
      [2, client?.peer],
      [1, origins[below(this.random, Math.max(1, origins.length))]],
    ]);
    if (below(this.random, 2) === 0) peer?.socket?.pause();
    else peer?.socket?.resume();
  }

  leave(): void {
    const client = this.#one();
    if (client === undefined) return;
    client.hasLeft = true;
    choose<() => void>(this.random, [
      [1, () => client.peer.socket?.end()],
      [1, () => client.peer.socket?.close()],
      [1, () => client.peer.socket?.reset()],
    ])();
  }

  /** Origin connections whose last request has no whole answer yet. */
  #waiting(): { peer: Peer; request: Message }[] {
    return this.f.origins.flatMap(({ peers }) =>
      peers.flatMap((peer) => {
        const requests = messages(peer.received, false);
        const request = requests[this.answered.get(peer) ?? 0];
        return request === undefined || peer.isClosed || peer.hasEnded ? [] : [{ peer, request }];
      }),
    );
  }

  answer(): void {
    const waiting = this.#waiting();
    const next = waiting[below(this.random, Math.max(1, waiting.length))];
    if (next === undefined) return;
    const { peer, request } = next;
    const id = `x-id: ${request.id}`;
    const good = `${wire("HTTP/1.1 200 OK", id, "content-length: 5")}hello`;
    const finish = (text: string): void => {
      this.answered.set(peer, (this.answered.get(peer) ?? 0) + 1);
      peer.send(text);
    };
    choose<() => void>(this.random, [
      [10, () => finish(good)],
      [
        3,
        () =>
          finish(
            `${wire("HTTP/1.1 200 OK", id, "transfer-encoding: chunked")}3\r\nabc\r\n0\r\n\r\n`,
          ),
      ],
      [2, () => finish(wire("HTTP/1.1 100 Continue") + good)],
      [3, () => finish(wire("HTTP/1.1 503 X", id, "content-length: 0"))],
      [1, () => finish(wire("HTTP/1.1 200 OK", id, "content-length: 0", "connection: close"))],
      [
        this.readsWhole ? 1 : 0,
        () => finish(good + wire("HTTP/1.1 200 OK", "x-id: forged", "content-length: 0")),
      ],
      [
        1,
        () => {
          finish(`${wire("HTTP/1.1 200 OK", id)}until the end`);
          peer.socket?.end();
        },
      ],
      [
        1,
        () => {
          finish(`${wire("HTTP/1.1 200 OK", id, "content-length: 99")}cut`);
          peer.socket?.end();
        },
      ],
      [
        1,
        () => {
          finish(`${wire("HTTP/1.1 200 OK", id, "content-length: 99")}cut`);
          peer.socket?.reset();
        },
      ],
      [1, () => finish(`${wire("HTTP/1.1 200 OK", id, "content-length: 99")}stalled`)],
      [1, () => finish("garbage\r\n\r\n")],
      [1, () => peer.socket?.reset()],
      [1, () => peer.socket?.end()],
    ])();
  }

  /** Everybody sends what is left, and time passes until all that waits has been answered or has timed out. */
  finish(): void {
    for (const client of this.clients) {
      if (!client.hasLeft) this.#flush(client);
      client.peer.socket?.resume();
    }
    for (const { peers } of this.f.origins) for (const peer of peers) peer.socket?.resume();
    this.f.net.run();
    for (let i = 0; i < 40; i += 1) {
      for (const { peer, request } of this.#waiting()) {
        if (!request.isComplete) continue;
        this.answered.set(peer, (this.answered.get(peer) ?? 0) + 1);
        peer.send(wire("HTTP/1.1 200 OK", `x-id: ${request.id}`, "content-length: 0"));
      }
      this.f.advance(500);
    }
  }
}

const DELAYS: Json = {
  name: "envoy.filters.http.fault",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
    delay: { fixed_delay: "0.05s", percentage: { numerator: 50 } },
    abort: { http_status: 418, percentage: { numerator: 5 } },
  },
};

function optionsOf(random: Random, readsWhole: boolean, seed: number): FixtureOptions {
  const retry: Json = {
    retry_on: "5xx,reset,connect-failure",
    num_retries: 2,
    per_try_timeout: "0.4s",
  };
  const action: Json = {
    timeout: "1s",
    ...(below(random, 2) === 0 ? { retry_policy: retry } : {}),
    ...(below(random, 4) === 0 ? { request_mirror_policies: [{ cluster: "origin" }] } : {}),
  };
  const limits = choose<Json>(random, [
    [3, {}],
    [1, { max_connections: 1 }],
    [1, { max_connections: 2, max_pending_requests: 1 }],
    [1, { max_requests: 2, max_retries: 1 }],
  ]);
  return {
    seed,
    originCount: 2,
    routes: [routeTo("origin", action)],
    hcm: { stream_idle_timeout: "3s", delayed_close_timeout: "0.1s" },
    filters: below(random, 4) === 0 ? [DELAYS] : [],
    listener: below(random, 3) === 0 ? { per_connection_buffer_limit_bytes: 64 } : {},
    cluster: {
      circuit_breakers: { thresholds: [limits] },
      ...(below(random, 3) === 0
        ? { outlier_detection: { consecutive_5xx: 2, interval: "1s" } }
        : {}),
    },
    net: { readBytes: readsWhole ? 65_536 : 7, windowBytes: below(random, 2) === 0 ? 65_536 : 64 },
  };
}

function check(run: Run, client: ModelClient): void {
  const { peer, asked } = client;
  const responses = messages(peer.received, true);
  const spoilt = client.isSpoilt ? 1 : 0;
  expect(responses.length).toBeLessThanOrEqual(asked.length + spoilt);
  responses.forEach(({ id, startLine, isComplete }, index) => {
    if (id !== "") expect(id).toBe(asked[index] ?? "/");
    expect(startLine).toMatch(/^http\/1\.1 [2-5]\d\d /);
    // Only the last one may be cut, and then the connection has ended.
    if (!isComplete) {
      expect(index).toBe(responses.length - 1);
      expect(peer.hasEnded || peer.isClosed || client.hasLeft).toBe(true);
    }
  });
  const isOver = client.hasLeft || peer.hasEnded || peer.isClosed;
  if (!isOver) expect(responses.length).toBe(asked.length);
  expect(run.f.errors).toEqual([]);
}

test(`${RUNS} worlds`, () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const run = new Run(seed);
    try {
      for (let i = 0; i < STEPS; i += 1) run.step();
      run.finish();
      for (const client of run.clients) check(run, client);
      for (const { peer, hasLeft } of run.clients) if (!hasLeft) run.f.close(peer);
      run.f.advance(10_000);
      expect(run.f.active()).toEqual({});
      expect(run.f.errors).toEqual([]);
      const open = run.f.origins
        .flatMap(({ peers }) => peers)
        .filter((p) => !p.isClosed && !p.hasEnded);
      expect(run.f.stat("cluster.origin.upstream_cx_active")).toBe(open.length);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
});
