import { describe, expect, test } from "bun:test";
import {
  ACK_LIMIT_MS,
  MAX_NACK_CHARACTERS,
  MAX_NAME_CHARACTERS_PER_STREAM,
  MAX_NAMES_PER_TYPE,
  MAX_TYPES_PER_STREAM,
  ORDER_LIMIT_MS,
  RECONNECT_GRACE_MS,
} from "#xds/limits.ts";
import {
  type Content,
  type DeltaRequest,
  deltaRequest,
  resource,
  type SotwRequest,
  saysOf,
  sotwRequest,
  sourceOf,
} from "#xds/testing/messages.ts";
import { STATUS, type XdsResponse } from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET } from "#xds/type-url.ts";
import type { Resource } from "./resource.ts";
import { type RequestOutcome, ServerStream } from "./server-stream.ts";

// ---- a client that says exactly what it is told to ----

type Answered = XdsResponse & { readonly nonce: string };

class Harness {
  readonly stream: ServerStream;
  nowMs = 0;
  readonly variant: "sotw" | "delta";
  readonly #nonces = new Set<string>();

  constructor(variant: "sotw" | "delta") {
    this.variant = variant;
    this.stream = new ServerStream(variant);
  }

  world(...resources: Resource[]): this {
    this.stream.offer(sourceOf(resources));
    return this;
  }

  sotw(request: SotwRequest): RequestOutcome {
    return this.stream.handleRequest(sotwRequest(request), this.nowMs);
  }

  delta(request: DeltaRequest): RequestOutcome {
    return this.stream.handleRequest(deltaRequest(request), this.nowMs);
  }

  next(): Answered | undefined {
    const response = this.stream.nextResponse(this.nowMs);
    if (response === undefined) return undefined;
    // What every response must be, whatever the test is about.
    expect(response.nonce).not.toBe("");
    expect(this.#nonces.has(response.nonce)).toBe(false);
    this.#nonces.add(response.nonce);
    if (response.$typeName === "envoy.service.discovery.v3.DiscoveryResponse") {
      expect(response.versionInfo).not.toBe("");
    }
    return response;
  }

  /** Type and content of everything that goes out now. */
  drain(): (readonly [string, string[]])[] {
    const out: [string, string[]][] = [];
    for (let r = this.next(); r !== undefined; r = this.next()) {
      out.push([r.typeUrl, saysOf(r) ?? []]);
      this.#last.set(r.typeUrl, r);
    }
    return out;
  }

  readonly #last = new Map<string, Answered>();

  last(type: string): Answered {
    const response = this.#last.get(type);
    if (response === undefined) throw new Error(`no response of ${type}`);
    return response;
  }

  ack(type: string, names: readonly string[] = []): RequestOutcome {
    const { nonce } = this.last(type);
    return this.variant === "sotw"
      ? this.sotw({ type, nonce, names })
      : this.delta({ type, nonce });
  }

  nack(type: string, error: string, names: readonly string[] = []): RequestOutcome {
    const { nonce } = this.last(type);
    return this.variant === "sotw"
      ? this.sotw({ type, nonce, names, error })
      : this.delta({ type, nonce, error });
  }

  sleep(ms: number): void {
    this.nowMs += ms;
    this.stream.handleTimeout(this.nowMs);
  }
}

const cluster = (name: string, content = "1", endpointsName?: string): Resource =>
  resource(CLUSTER, { name, content, endpointsName });
const eds = (name: string, content = "1"): Resource => resource(ENDPOINT, { name, content });
const route = (name: string, content: string, ...clusterNames: string[]): Resource =>
  resource(ROUTE, { name, content, clusterNames });
const listener = (name: string, content = "1", clusterNames: string[] = []): Resource =>
  resource(LISTENER, { name, content, clusterNames });
const secretive = (typeUrl: string, content: Content): Resource =>
  resource(typeUrl, content, false);

describe("what a stream refuses", () => {
  test("a first request without a node", () => {
    const h = new Harness("sotw");
    expect(h.sotw({ type: CLUSTER, node: undefined })).toMatchObject({
      kind: "refused",
      status: { code: STATUS.invalidArgument },
    });
  });

  test("a request without a type; a later one without a node is fine", () => {
    const h = new Harness("sotw");
    h.sotw({ type: CLUSTER });
    expect(h.sotw({ type: LISTENER, node: undefined }).kind).toBe("subscribed");
    expect(h.sotw({ type: "" })).toMatchObject({ status: { code: STATUS.invalidArgument } });
  });

  test("too many types and too many names", () => {
    const h = new Harness("delta");
    for (let i = 0; i < MAX_TYPES_PER_STREAM; i += 1) h.delta({ type: `t${i}` });
    expect(h.delta({ type: "one more" })).toMatchObject({
      status: { code: STATUS.resourceExhausted },
    });
    const names = Array.from({ length: MAX_NAMES_PER_TYPE }, (_, i) => `n${i}`);
    expect(h.delta({ type: "t0", subscribe: names }).kind).toBe("subscribed");
    expect(h.delta({ type: "t0", subscribe: ["one more"] })).toMatchObject({
      status: { code: STATUS.resourceExhausted },
    });
  });
});

test("a stream may keep only so many characters of names, subscribed or claimed", () => {
  const long = (i: number): string => `${i}`.padStart(MAX_NAME_CHARACTERS_PER_STREAM / 16, "x");
  const h = new Harness("delta");
  for (let i = 0; i < 15; i += 1) {
    expect(h.delta({ type: ENDPOINT, subscribe: [long(i)] }).kind).toBe("subscribed");
    h.delta({ type: ROUTE, subscribe: [long(i)] });
    h.delta({ type: ROUTE, unsubscribe: [long(i)] });
  }
  expect(h.delta({ type: CLUSTER, versions: { [long(16)]: "1" } })).toMatchObject({
    status: { code: STATUS.resourceExhausted },
  });
});

describe.each(["sotw", "delta"] as const)("%s, both shapes", (variant) => {
  const ask = (h: Harness, type: string, names: string[] = []): RequestOutcome =>
    variant === "sotw" ? h.sotw({ type, names }) : h.delta({ type, subscribe: names });

  test("a wildcard is answered even when there is nothing", () => {
    const h = new Harness(variant).world();
    ask(h, CLUSTER);
    expect(h.drain()).toEqual([[CLUSTER, []]]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([]);
  });

  test("nothing is answered before there is a world", () => {
    const h = new Harness(variant);
    ask(h, CLUSTER);
    expect(h.drain()).toEqual([]);
    h.world(cluster("a"));
    expect(h.drain()).toEqual([[CLUSTER, ["a=1"]]]);
  });

  test("EDS and RDS asked for without names are no wildcard", () => {
    const h = new Harness(variant).world(eds("a"), route("r", "1"));
    ask(h, ENDPOINT);
    ask(h, ROUTE);
    ask(h, SECRET);
    expect(h.drain()).toEqual([]);
  });

  test("an equal world is silent, a changed one waits for the ACK of the last", () => {
    const h = new Harness(variant).world(cluster("a"));
    ask(h, CLUSTER);
    expect(h.drain()).toEqual([[CLUSTER, ["a=1"]]]);
    h.world(cluster("a"));
    expect(h.drain()).toEqual([]);
    h.world(cluster("a", "2"));
    h.world(cluster("a", "3"));
    expect(h.drain()).toEqual([]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([[CLUSTER, ["a=3"]]]);
  });

  test("a response that is never acknowledged holds up the next for ACK_LIMIT_MS only", () => {
    const h = new Harness(variant).world(cluster("a"));
    ask(h, CLUSTER);
    h.drain();
    h.world(cluster("a", "2"));
    expect(h.stream.nextTimeoutMs()).toBe(ACK_LIMIT_MS);
    h.sleep(ACK_LIMIT_MS - 1);
    expect(h.drain()).toEqual([]);
    h.sleep(1);
    expect(h.drain()).toEqual([[CLUSTER, ["a=2"]]]);
  });

  test("types go out in order, however they were asked for", () => {
    const h = new Harness(variant).world(cluster("a"), eds("a"), listener("l"), route("r", "1"));
    ask(h, ROUTE, ["r"]);
    ask(h, LISTENER);
    ask(h, ENDPOINT, ["a"]);
    ask(h, CLUSTER);
    h.drain();
    expect([...h.stream.status()].map((type) => type.typeUrl)).toEqual([
      CLUSTER,
      ENDPOINT,
      LISTENER,
      ROUTE,
    ]);
    expect(h.drain()).toEqual([]);
  });

  test("a route waits for the ACK of its new cluster and of its endpoints, an unrelated one does not", () => {
    const h = new Harness(variant).world(
      cluster("a", "1", "a"),
      eds("a"),
      route("r", "1", "a"),
      route("s", "1", "a"),
    );
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ENDPOINT, ["a"]);
    h.drain();
    h.ack(ENDPOINT, ["a"]);
    ask(h, ROUTE, ["r", "s"]);
    expect(h.drain()).toEqual([[ROUTE, ["r=1", "s=1"]]]);
    h.ack(ROUTE, ["r", "s"]);

    h.world(
      ...[cluster("a", "1", "a"), cluster("b", "1", "b"), eds("a"), eds("b")],
      ...[route("r", "2", "b"), route("s", "2", "a")],
    );
    // The endpoints are not asked for yet; the client gets the cluster first.
    expect(h.drain()).toEqual([
      [CLUSTER, variant === "sotw" ? ["a=1", "b=1"] : ["b=1"]],
      [ROUTE, ["s=2"]],
    ]);
    h.ack(ROUTE, ["r", "s"]);
    expect(h.drain()).toEqual([]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([]);
    if (variant === "sotw")
      h.sotw({ type: ENDPOINT, names: ["a", "b"], nonce: h.last(ENDPOINT).nonce });
    else h.delta({ type: ENDPOINT, subscribe: ["b"] });
    expect(h.drain()).toEqual([[ENDPOINT, ["b=1"]]]);
    h.ack(ENDPOINT, ["a", "b"]);
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    h.ack(ROUTE, ["r", "s"]);
    expect(h.stream.status().every((type) => type.sync === "live")).toBe(true);
  });

  test("a route waits for its cluster ORDER_LIMIT_MS at most", () => {
    const h = new Harness(variant).world(cluster("a"), route("r", "1", "a"));
    ask(h, CLUSTER);
    ask(h, ROUTE, ["r"]);
    expect(h.drain()).toEqual([[CLUSTER, ["a=1"]]]);
    expect(h.stream.resources(ROUTE)).toMatchObject([{ name: "r", state: "held" }]);
    for (let ms = 0; ms < ORDER_LIMIT_MS; ms += 1000) {
      expect(h.drain()).toEqual([]);
      h.sleep(1000);
    }
    expect(h.drain()).toEqual([[ROUTE, ["r=1"]]]);
    expect(h.stream.nextTimeoutMs()).toBe(h.nowMs + ACK_LIMIT_MS);
  });

  test("a cluster goes only when no route that the client may use names it", () => {
    const h = new Harness(variant).world(cluster("a"), cluster("b"), route("r", "1", "a"));
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ROUTE, ["r"]);
    h.drain();
    h.ack(ROUTE, ["r"]);

    h.world(cluster("b"), route("r", "2", "b"));
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    expect(h.stream.resources(CLUSTER)[0]).toMatchObject({ name: "a", state: "removing" });
    expect(h.drain()).toEqual([]);
    h.ack(ROUTE, ["r"]);
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? ["b=1"] : ["-a"]]]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([]);
  });

  test("a refused route keeps its old clusters, until a good one comes", () => {
    const h = new Harness(variant).world(cluster("a"), route("r", "1", "a"));
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ROUTE, ["r"]);
    h.drain();
    h.ack(ROUTE, ["r"]);

    h.world(route("r", "bad", "a"));
    h.drain();
    expect(h.nack(ROUTE, "r: no", ["r"])).toMatchObject({
      kind: "nacked",
      names: ["r"],
      message: "r: no",
    });
    h.sleep(ORDER_LIMIT_MS);
    h.sleep(ORDER_LIMIT_MS);
    expect(h.drain()).toEqual([]);
    expect(h.stream.status().map((type) => type.sync)).toEqual(["behind", "rejected"]);

    h.world(route("r", "2"));
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    h.ack(ROUTE, ["r"]);
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? [] : ["-a"]]]);
  });

  test("resources that do not say what they name wait for everything, and keep everything", () => {
    const r = (content: string): Resource => secretive(ROUTE, { name: "r", content });
    const h = new Harness(variant).world(cluster("a"), r("1"));
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ROUTE, ["r"]);
    h.drain();
    h.ack(ROUTE, ["r"]);
    h.world(cluster("b"), r("2"));
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? ["a=1", "b=1"] : ["b=1"]]]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    h.ack(ROUTE, ["r"]);
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? ["b=1"] : ["-a"]]]);
  });

  test("endpoints of exactly the changed clusters follow a change of clusters", () => {
    const h = new Harness(variant).world(
      ...[cluster("a", "1", "a"), cluster("b", "1", "b"), eds("a"), eds("b")],
    );
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ENDPOINT, ["a", "b"]);
    h.drain();
    h.ack(ENDPOINT, ["a", "b"]);
    h.world(cluster("a", "2", "a"), cluster("b", "1", "b"), eds("a"), eds("b"));
    expect(h.drain()).toEqual([
      [CLUSTER, variant === "sotw" ? ["a=2", "b=1"] : ["a=2"]],
      [ENDPOINT, ["a=1"]],
    ]);
  });

  test("one refused cluster is left behind, the others and their routes go on", () => {
    const h = new Harness(variant).world(
      cluster("a"),
      cluster("b"),
      route("r", "1", "a"),
      route("s", "1", "b"),
    );
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    ask(h, ROUTE, ["r", "s"]);
    h.drain();
    h.ack(ROUTE, ["r", "s"]);
    // b is bad from now on, c is new and bad; d is good.
    h.world(
      ...[cluster("a"), cluster("b", "bad"), cluster("c", "bad"), cluster("d")],
      ...[route("r", "2", "d"), route("s", "2", "c")],
    );
    h.drain();
    h.nack(CLUSTER, "Error adding/updating cluster(s) b: no, c: no either");
    // d counts as accepted; s would lead to c, which the client does not have.
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    h.ack(ROUTE, ["r", "s"]);
    h.sleep(ORDER_LIMIT_MS * 2);
    expect(h.drain()).toEqual([]);

    // The next change carries the last good b and no c.
    h.world(
      ...[cluster("a", "2"), cluster("b", "bad"), cluster("c", "bad"), cluster("d")],
      ...[route("r", "2", "d"), route("s", "2", "c")],
    );
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? ["a=2", "b=1", "d=1"] : ["a=2"]]]);
    h.ack(CLUSTER);
    expect(
      h.stream.resources(CLUSTER).map((r) => `${r.name} ${r.state} ${r.refusal ?? ""}`),
    ).toEqual([
      "a accepted ",
      "b refused Error adding/updating cluster(s) b: no, c: no either",
      "c refused Error adding/updating cluster(s) b: no, c: no either",
      "d accepted ",
    ]);

    // Mended: c goes, then the route to it.
    h.world(
      ...[cluster("a", "2"), cluster("b", "2"), cluster("c", "2"), cluster("d")],
      ...[route("r", "2", "d"), route("s", "2", "c")],
    );
    expect(h.drain()).toEqual([
      [CLUSTER, variant === "sotw" ? ["a=2", "b=2", "c=2", "d=1"] : ["b=2", "c=2"]],
    ]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([[ROUTE, ["s=2"]]]);
  });

  test("a refusal that does not say what it means is narrowed down, and holds up nothing else", () => {
    const good = ["a", "b", "d", "e"];
    const h = new Harness(variant).world(...["a", "b", "c", "d", "e"].map((name) => eds(name)));
    ask(h, ENDPOINT, ["a", "b", "c", "d", "e"]);
    h.drain();
    const sent: string[][] = [];
    let verdict = h.nack(ENDPOINT, "no", ["a", "b", "c", "d", "e"]);
    expect(verdict).toMatchObject({ isNarrowing: true, names: ["a", "b", "c", "d", "e"] });
    for (let out = h.drain(); out.length > 0; out = h.drain()) {
      const part = out.flatMap(([, says]) => says);
      sent.push(part);
      verdict = part.includes("c=1")
        ? h.nack(ENDPOINT, "no", [...good, "c"])
        : h.ack(ENDPOINT, [...good, "c"]);
    }
    expect(sent).toEqual([["a=1", "b=1", "c=1"], ["a=1", "b=1"], ["c=1"], ["d=1", "e=1"]]);
    expect(h.stream.resources(ENDPOINT).map((r) => `${r.name} ${r.state}`)).toEqual([
      "a accepted",
      "b accepted",
      "c refused",
      "d accepted",
      "e accepted",
    ]);
  });

  test("what a refusal of endpoints or routes names is tried alone, after the rest", () => {
    const h = new Harness(variant).world(route("r", "bad"), route("s", "1"), route("t", "1"));
    ask(h, ROUTE, ["r", "s", "t"]);
    h.drain();
    h.nack(ROUTE, "r: no", ["r", "s", "t"]);
    expect(h.drain()).toEqual([[ROUTE, ["s=1", "t=1"]]]);
    h.ack(ROUTE, ["r", "s", "t"]);
    expect(h.drain()).toEqual([[ROUTE, ["r=bad"]]]);
    expect(h.nack(ROUTE, "r: no", ["r", "s", "t"])).toMatchObject({
      names: ["r"],
      isNarrowing: false,
    });
    expect(h.drain()).toEqual([]);
  });

  test("narrowing takes the newest versions, and leaves out what is gone", () => {
    const h = new Harness(variant).world(eds("a"), eds("b"), eds("c"), eds("d"));
    ask(h, ENDPOINT, ["a", "b", "c", "d"]);
    h.drain();
    h.nack(ENDPOINT, "no", ["a", "b", "c", "d"]);
    h.world(eds("a", "2"), eds("c"));
    expect(h.drain().flatMap(([, says]) => says)).toContain("a=2");
    h.ack(ENDPOINT, ["a", "b", "c", "d"]);
    expect(
      h
        .drain()
        .flatMap(([, says]) => says)
        .filter((s) => !s.startsWith("-")),
    ).toEqual(["c=1"]);
  });

  test("clusters whose refusal says nothing are set aside, not deleted from those that the client has", () => {
    const h = new Harness(variant).world(cluster("a"));
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    h.world(cluster("a", "2"), cluster("b", "bad"));
    h.drain();
    h.nack(CLUSTER, "no");
    expect(h.drain()).toEqual([[CLUSTER, ["a=2"]]]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([[CLUSTER, variant === "sotw" ? ["a=2", "b=bad"] : ["b=bad"]]]);
    h.nack(CLUSTER, "no");
    h.world(cluster("a", "3"), cluster("b", "bad"));
    expect(h.drain()).toEqual([[CLUSTER, ["a=3"]]]);
  });

  test("going back to the last good content after a refusal is sent, and ends the refusal", () => {
    const h = new Harness(variant).world(cluster("a"));
    ask(h, CLUSTER);
    h.drain();
    h.ack(CLUSTER);
    h.world(cluster("a", "bad"));
    h.drain();
    h.nack(CLUSTER, "a: no");
    h.world(cluster("a"));
    expect(h.drain()).toEqual([[CLUSTER, ["a=1"]]]);
    h.ack(CLUSTER);
    expect(h.stream.status()[0]).toMatchObject({ sync: "live", lastNack: { message: "a: no" } });
  });

  test("a listener that has nothing to fall back to is sent although its cluster was refused", () => {
    const h = new Harness(variant).world(cluster("a"), listener("l", "1", ["a"]));
    ask(h, CLUSTER);
    h.drain();
    h.nack(CLUSTER, "a: no");
    ask(h, LISTENER);
    expect(h.drain()).toEqual([[LISTENER, ["l=1"]]]);
  });

  test("an unnamed cluster does not hold a client that asks for clusters by name (gRPC)", () => {
    const h = new Harness(variant).world(
      listener("l"),
      route("r", "1", "a"),
      cluster("a", "1", "a"),
      eds("a"),
    );
    ask(h, LISTENER, ["l"]);
    ask(h, ROUTE, ["r"]);
    expect(h.drain()).toEqual([
      [LISTENER, ["l=1"]],
      [ROUTE, ["r=1"]],
    ]);
    ask(h, CLUSTER, ["a"]);
    ask(h, ENDPOINT, ["a"]);
    expect(h.drain()).toEqual([
      [CLUSTER, ["a=1"]],
      [ENDPOINT, ["a=1"]],
    ]);
  });

  test("a name that comes later is sent when it does", () => {
    const h = new Harness(variant).world();
    ask(h, ROUTE, ["r"]);
    expect(h.drain()).toEqual(variant === "sotw" ? [] : [[ROUTE, ["-r"]]]);
    if (variant === "delta") h.ack(ROUTE);
    h.world(route("r", "1"));
    expect(h.drain()).toEqual([[ROUTE, ["r=1"]]]);
  });

  test("the words of a NACK are cut", () => {
    const h = new Harness(variant).world(cluster("a"));
    ask(h, CLUSTER);
    h.drain();
    h.nack(CLUSTER, "x".repeat(MAX_NACK_CHARACTERS + 1));
    expect(h.stream.status()[0]?.lastNack?.message.length).toBe(MAX_NACK_CHARACTERS);
  });

  test("a resource listed twice is our bug", () => {
    const h = new Harness(variant).world(cluster("a"), cluster("a"));
    ask(h, CLUSTER);
    expect(() => h.drain()).toThrow("listed twice");
  });
});

describe("SotW only", () => {
  test("a stale nonce changes nothing; the next answer brings the names", () => {
    const h = new Harness("sotw").world(eds("a"), eds("b"), eds("c"));
    h.sotw({ type: ENDPOINT, names: ["a"] });
    h.drain();
    const old = h.last(ENDPOINT).nonce;
    h.ack(ENDPOINT, ["a"]);
    h.world(eds("a", "2"), eds("b"), eds("c"));
    h.drain();
    expect(h.sotw({ type: ENDPOINT, names: ["a", "b"], nonce: old }).kind).toBe("stale");
    expect(h.drain()).toEqual([]);
    expect(h.ack(ENDPOINT, ["a", "b"]).kind).toBe("acked");
    expect(h.drain()).toEqual([[ENDPOINT, ["b=1"]]]);
  });

  test("a second request before the first answer, as Envoy sends it, is taken", () => {
    const h = new Harness("sotw").world(eds("a"), eds("b"));
    h.sotw({ type: ENDPOINT, names: ["a"] });
    h.sotw({ type: ENDPOINT, names: ["a", "b"] });
    expect(h.drain()).toEqual([[ENDPOINT, ["a=1", "b=1"]]]);
  });

  test("leaving a name out ends its subscription, naming it again sends it again", () => {
    const h = new Harness("sotw").world(route("r", "1"), route("s", "1"));
    h.sotw({ type: ROUTE, names: ["r", "s"] });
    h.drain();
    h.ack(ROUTE, ["r"]);
    h.world(route("r", "1"), route("s", "2"));
    expect(h.drain()).toEqual([]);
    h.ack(ROUTE, ["r", "s"]);
    expect(h.drain()).toEqual([[ROUTE, ["s=2"]]]);
  });

  test("CDS and LDS carry the whole state, also for names that do not exist", () => {
    const h = new Harness("sotw").world(listener("l"));
    h.sotw({ type: LISTENER, names: ["l", "m"] });
    expect(h.drain()).toEqual([[LISTENER, ["l=1"]]]);
    h.ack(LISTENER, ["l", "m", "n"]);
    expect(h.drain()).toEqual([[LISTENER, ["l=1"]]]);
  });

  test("a reconnect with the version of the same world costs nothing, another version all of it", () => {
    const first = new Harness("sotw").world(cluster("a"), cluster("b"));
    first.sotw({ type: CLUSTER });
    first.drain();
    const version = (first.last(CLUSTER) as { versionInfo?: string }).versionInfo ?? "";

    const again = new Harness("sotw").world(cluster("b"), cluster("a"));
    again.sotw({ type: CLUSTER, version });
    expect(again.drain()).toEqual([]);
    expect(again.stream.status()[0]).toMatchObject({ sync: "live", ackedVersion: version });
    again.world(cluster("a"), cluster("b", "2"));
    expect(again.drain()).toEqual([[CLUSTER, ["a=1", "b=2"]]]);

    const other = new Harness("sotw").world(cluster("a"), cluster("b", "2"));
    other.sotw({ type: CLUSTER, version });
    expect(other.drain()).toEqual([[CLUSTER, ["a=1", "b=2"]]]);
  });

  test("a reconnect with names is answered whatever the version: the names may be new", () => {
    const first = new Harness("sotw").world(eds("a"));
    first.sotw({ type: ENDPOINT, names: ["a"] });
    first.drain();
    const version = (first.last(ENDPOINT) as { versionInfo?: string }).versionInfo ?? "";
    const again = new Harness("sotw").world(eds("a"));
    again.sotw({ type: ENDPOINT, names: ["a"], version });
    expect(again.drain()).toEqual([[ENDPOINT, ["a=1"]]]);
  });

  test("a nonce from an earlier stream is no answer", () => {
    const h = new Harness("sotw").world(cluster("a"));
    expect(h.sotw({ type: CLUSTER, nonce: "7", version: "x" }).kind).toBe("subscribed");
    expect(h.drain()).toEqual([[CLUSTER, ["a=1"]]]);
  });
});

describe("delta only", () => {
  test("a stale nonce does not lose the subscription beside it", () => {
    const h = new Harness("delta").world(eds("a"), eds("b"));
    h.delta({ type: ENDPOINT, subscribe: ["a"] });
    h.drain();
    h.ack(ENDPOINT);
    expect(h.delta({ type: ENDPOINT, nonce: "nonsense", subscribe: ["b"] }).kind).toBe(
      "subscribed",
    );
    expect(h.drain()).toEqual([[ENDPOINT, ["b=1"]]]);
  });

  test("only what changed is sent, and what is gone is named", () => {
    const h = new Harness("delta").world(listener("l"), listener("m"));
    h.delta({ type: LISTENER });
    h.drain();
    h.ack(LISTENER);
    h.world(listener("l", "2"), listener("n"));
    expect(h.drain()).toEqual([[LISTENER, ["-m", "l=2", "n=1"]]]);
  });

  test("a name that is subscribed to again is sent again", () => {
    const h = new Harness("delta").world(route("r", "1"));
    h.delta({ type: ROUTE, subscribe: ["r"] });
    h.drain();
    h.ack(ROUTE);
    h.delta({ type: ROUTE, subscribe: ["r"] });
    expect(h.drain()).toEqual([[ROUTE, ["r=1"]]]);
  });

  test("initial_resource_versions: the same is skipped, the changed sent, the gone removed", () => {
    const h = new Harness("delta").world(cluster("a"), cluster("b", "2"), cluster("d"));
    h.delta({
      type: CLUSTER,
      versions: { a: cluster("a").version, b: cluster("b").version, c: "x" },
    });
    expect(h.drain()).toEqual([[CLUSTER, ["b=2", "d=1"]]]);
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([]);
    expect(h.stream.nextTimeoutMs()).toBe(RECONNECT_GRACE_MS);
    h.sleep(RECONNECT_GRACE_MS);
    expect(h.drain()).toEqual([[CLUSTER, ["-c"]]]);
    const same = new Harness("delta").world(cluster("a"));
    same.delta({ type: CLUSTER, versions: { a: cluster("a").version } });
    expect(same.drain()).toEqual([]);
    expect(same.stream.status()[0]?.sync).toBe("live");
  });

  test("initial_resource_versions count for named resources too, not for unnamed ones", () => {
    const h = new Harness("delta").world(eds("a"), eds("b"));
    h.delta({
      type: ENDPOINT,
      subscribe: ["a", "b"],
      versions: { a: eds("a").version, other: "1" },
    });
    expect(h.drain()).toEqual([[ENDPOINT, ["b=1"]]]);
  });

  test("after a reconnect a gone cluster stays until the routes are new", () => {
    const h = new Harness("delta").world(cluster("b"), route("r", "2", "b"));
    h.delta({ type: CLUSTER, versions: { a: "1" } });
    expect(h.drain()).toEqual([[CLUSTER, ["b=1"]]]);
    h.delta({ type: ROUTE, subscribe: ["r"], versions: { r: "1" } });
    h.ack(CLUSTER);
    expect(h.drain()).toEqual([[ROUTE, ["r=2"]]]);
    h.sleep(RECONNECT_GRACE_MS);
    expect(h.drain()).toEqual([]);
    h.ack(ROUTE);
    expect(h.drain()).toEqual([[CLUSTER, ["-a"]]]);
  });

  test("unsubscribing one name under * is answered: it stays, or it goes", () => {
    const h = new Harness("delta").world(cluster("a"));
    const hidden = cluster("hidden");
    h.stream.offer({
      list: () => [cluster("a")],
      get: (_, name) => [cluster("a"), hidden].find((r) => r.name === name),
    });
    h.delta({ type: CLUSTER, subscribe: ["*", "a", "hidden"] });
    expect(h.drain()).toEqual([[CLUSTER, ["a=1", "hidden=1"]]]);
    h.ack(CLUSTER);
    h.delta({ type: CLUSTER, unsubscribe: ["a", "hidden", "never"] });
    expect(h.drain()).toEqual([[CLUSTER, ["-hidden", "a=1"]]]);
  });

  test("unsubscribing without * is quiet, and from * leaves the names", () => {
    const h = new Harness("delta").world(cluster("a"), cluster("b"));
    h.delta({ type: CLUSTER, subscribe: ["*", "a"] });
    h.drain();
    h.ack(CLUSTER);
    h.delta({ type: CLUSTER, unsubscribe: ["*"] });
    expect(h.drain()).toEqual([]);
    h.world(cluster("a", "2"), cluster("b", "2"));
    expect(h.drain()).toEqual([[CLUSTER, ["a=2"]]]);
    h.ack(CLUSTER);
    h.delta({ type: CLUSTER, unsubscribe: ["a"] });
    h.world(cluster("a", "3"));
    expect(h.drain()).toEqual([]);
  });

  test("every late ACK is paired with its own response", () => {
    const h = new Harness("delta").world(cluster("a"));
    h.delta({ type: CLUSTER });
    h.drain();
    const first = h.last(CLUSTER).nonce;
    h.sleep(ACK_LIMIT_MS);
    h.world(cluster("a"), cluster("b"));
    h.drain();
    h.ack(CLUSTER);
    expect(h.stream.resources(CLUSTER).map((r) => r.state)).toEqual(["sent", "accepted"]);
    h.delta({ type: CLUSTER, nonce: first });
    expect(h.stream.resources(CLUSTER).map((r) => r.state)).toEqual(["accepted", "accepted"]);
  });
});
