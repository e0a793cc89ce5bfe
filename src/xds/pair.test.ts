// Client and server engines wired in memory; fast-check scrambles worlds, refusals, delays, reconnects and subscriptions. The
// client's owner checks every message (testing/envoy-like-owner.ts); the end state must equal the last world.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createSeededRandom } from "#base/random.ts";
import { XdsClient } from "./client/client.ts";
import { ORDER_LIMIT_MS } from "./limits.ts";
import type { Resource } from "./server/resource.ts";
import { ServerStream } from "./server/server-stream.ts";
import { EnvoyLikeOwner } from "./testing/envoy-like-owner.ts";
import { contentOf, knowingSourceOf, NODE, resource, sourceOf } from "./testing/messages.ts";
import type { XdsRequest, XdsResponse, XdsVariant } from "./transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "./type-url.ts";

// ---- worlds ----

interface WorldPlan {
  /** Per cluster: undefined is absent; EDS or not; content number; 9 is bad. */
  readonly clusters: readonly ({ readonly eds: boolean; readonly content: number } | undefined)[];
  readonly endpoints: readonly number[];
  /** Per route configuration: content and which of the clusters that exist it names. */
  readonly routes: readonly { readonly content: number; readonly picks: readonly number[] }[];
  /** Per listener: undefined is absent; which route configuration; which clusters by itself. */
  readonly listeners: readonly (
    | { readonly content: number; readonly route: number; readonly picks: readonly number[] }
    | undefined
  )[];
}

const CLUSTERS = 5;
const ROUTES = 3;
const BAD = 9;

// Mostly good content: a world where everything is bad proves nothing.
const content = fc.oneof(
  { weight: 9, arbitrary: fc.nat(2) },
  { weight: 1, arbitrary: fc.constant(BAD) },
);
const picks = fc.array(fc.nat(CLUSTERS - 1), { maxLength: 3 });

const plan: fc.Arbitrary<WorldPlan> = fc.record({
  clusters: fc.array(fc.option(fc.record({ eds: fc.boolean(), content }), { nil: undefined }), {
    minLength: CLUSTERS,
    maxLength: CLUSTERS,
  }),
  endpoints: fc.array(fc.nat(2), { minLength: CLUSTERS, maxLength: CLUSTERS }),
  routes: fc.array(fc.record({ content, picks }), { minLength: ROUTES, maxLength: ROUTES }),
  listeners: fc.array(
    fc.option(fc.record({ content, route: fc.nat(ROUTES - 1), picks }), { nil: undefined }),
    { minLength: 2, maxLength: 2 },
  ),
});

const text = (n: number): string => (n === BAD ? "bad" : String(n));

function build(world: WorldPlan, saysReferences: boolean): Resource[] {
  const exists = (i: number): boolean => world.clusters[i] !== undefined;
  const named = (list: readonly number[]): string[] =>
    [...new Set(list.filter(exists))].map((i) => `c${i}`);
  const out: Resource[] = [];
  for (const [i, cluster] of world.clusters.entries()) {
    if (cluster === undefined) continue;
    const endpointsName = cluster.eds ? `c${i}` : undefined;
    const at = { name: `c${i}`, content: text(cluster.content), endpointsName };
    out.push(resource(CLUSTER, at, saysReferences));
    if (!cluster.eds) continue;
    out.push(resource(ENDPOINT, { name: `c${i}`, content: text(world.endpoints[i] ?? 0) }));
  }
  for (const [i, route] of world.routes.entries()) {
    const clusterNames = named(route.picks);
    const at = { name: `r${i}`, content: text(route.content), clusterNames };
    out.push(resource(ROUTE, at, saysReferences));
  }
  for (const [i, listener] of world.listeners.entries()) {
    if (listener === undefined) continue;
    const at = {
      name: `l${i}`,
      content: text(listener.content),
      routeNames: [`r${listener.route}`],
      clusterNames: named(listener.picks),
    };
    out.push(resource(LISTENER, at, saysReferences));
  }
  return out;
}

// ---- the wire ----

class Pair {
  readonly owner: EnvoyLikeOwner = new EnvoyLikeOwner();
  readonly client: XdsClient;
  readonly #variant: XdsVariant;
  #server: ServerStream;
  #nowMs = 0;
  #world: readonly Resource[] = [];
  readonly #up: XdsRequest[] = [];
  readonly #down: XdsResponse[] = [];
  readonly #nonces: Set<string> = new Set();

  readonly #sourceOf: typeof sourceOf;

  constructor(variant: XdsVariant, seed: number) {
    this.#sourceOf = seed % 2 === 0 ? knowingSourceOf : sourceOf;
    this.#variant = variant;
    this.#server = new ServerStream(variant);
    this.client = new XdsClient({
      variant,
      node: NODE,
      owner: this.owner,
      random: createSeededRandom(seed),
    });
    this.owner.client = this.client;
    this.client.subscribeAll(CLUSTER);
    this.client.subscribeAll(LISTENER);
    this.client.start();
    this.client.handleOpened();
    this.collect();
  }

  offer(world: readonly Resource[]): void {
    this.#world = world;
    for (const { typeUrl, body } of world) {
      const { name, content: says } = contentOf(body);
      if (typeUrl === CLUSTER && says === "bad") this.owner.excused.add(name);
    }
    this.#server.offer(this.#sourceOf(world));
    this.collect();
  }

  /** Both ends say what they have to say; it is then under way. */
  collect(): void {
    for (let r = this.client.nextRequest(); r !== undefined; r = this.client.nextRequest()) {
      this.#up.push(r);
    }
    for (
      let r = this.#server.nextResponse(this.#nowMs);
      r !== undefined;
      r = this.#server.nextResponse(this.#nowMs)
    ) {
      expect(r.nonce).not.toBe("");
      expect(this.#nonces.has(r.nonce)).toBe(false);
      this.#nonces.add(r.nonce);
      this.#down.push(r);
    }
  }

  /** One message arrives, at one end or the other. */
  step(up: boolean): void {
    if (up) {
      const request = this.#up.shift();
      if (request !== undefined) {
        const outcome = this.#server.handleRequest(request, this.#nowMs);
        expect(outcome.kind).not.toBe("refused");
        if (request.errorDetail !== undefined && outcome.kind !== "stale") {
          expect(outcome.kind).toBe("nacked");
        }
      }
    } else {
      const response = this.#down.shift();
      if (response !== undefined) this.client.handleResponse(response);
    }
    this.collect();
  }

  pause(typeUrl: string): void {
    this.client.pause(typeUrl);
  }

  resumeAll(): void {
    for (const type of [CLUSTER, ENDPOINT, LISTENER, ROUTE]) this.client.resume(type);
    this.collect();
  }

  sleep(ms: number): void {
    this.#nowMs += ms;
    this.#server.handleTimeout(this.#nowMs);
    this.client.handleTimeout(this.#nowMs);
    this.collect();
  }

  reconnect(): void {
    this.#up.length = 0;
    this.#down.length = 0;
    this.#nonces.clear();
    this.client.handleClosed(this.#nowMs);
    expect(this.client.nextRequest()).toBeUndefined();
    const at = this.client.nextTimeoutMs() ?? Number.NaN;
    this.client.handleTimeout(at);
    expect(this.client.wantsStream).toBe(true);
    this.#nowMs = Math.max(at, this.#nowMs);
    this.#server = new ServerStream(this.#variant);
    this.owner.handleReconnect();
    if (this.#variant === "sotw") this.owner.mayBreak = true;
    this.client.handleOpened();
    this.#server.offer(this.#sourceOf(this.#world));
    this.collect();
  }

  settle(): void {
    this.resumeAll();
    for (let round = 0; round < 6; round += 1) {
      for (let n = 0; this.#up.length + this.#down.length > 0; n += 1) {
        if (n > 1000) throw new Error("client and server never come to rest");
        this.step(this.#up.length > 0);
      }
      this.sleep(ORDER_LIMIT_MS);
    }
  }

  statuses(): string[] {
    return this.#server.status().map((type) => type.sync);
  }
}

// ---- what happens ----

type Event =
  | { readonly kind: "world"; readonly plan: WorldPlan }
  | { readonly kind: "steps"; readonly ups: readonly boolean[] }
  | { readonly kind: "pause"; readonly typeUrl: string }
  | { readonly kind: "resume" }
  | { readonly kind: "reconnect" };

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("world" as const), plan }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("steps" as const),
      ups: fc.array(fc.boolean(), { maxLength: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pause" as const),
      typeUrl: fc.constantFrom(CLUSTER, ENDPOINT, LISTENER, ROUTE),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("resume" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconnect" as const) }) },
);

function happen(pair: Pair, what: Event, saysReferences: boolean): void {
  switch (what.kind) {
    case "world":
      pair.offer(build(what.plan, saysReferences));
      break;
    case "steps":
      for (const up of what.ups) pair.step(up);
      break;
    case "pause":
      pair.pause(what.typeUrl);
      break;
    case "resume":
      pair.resumeAll();
      break;
    case "reconnect":
      pair.reconnect();
      break;
  }
}

function withoutBad(world: WorldPlan): WorldPlan {
  const good = (n: number): number => (n === BAD ? 0 : n);
  return {
    ...world,
    clusters: world.clusters.map((c) => c && { ...c, content: good(c.content) }),
    routes: world.routes.map((r) => ({ ...r, content: good(r.content) })),
    listeners: world.listeners.map((l) => l && { ...l, content: good(l.content) }),
  };
}

/** What a client that has followed everything holds: all clusters and listeners, the endpoints and routes that they name. */
function expected(world: readonly Resource[]): string[] {
  const contents = world.map((r) => ({ typeUrl: r.typeUrl, ...contentOf(r.body) }));
  const listed = (typeUrl: string) => contents.filter((c) => c.typeUrl === typeUrl);
  const routes = new Set(listed(LISTENER).flatMap((l) => l.routeNames ?? []));
  return contents
    .filter((c) => c.typeUrl !== ROUTE || routes.has(c.name))
    .map((c) => `${c.name} ${c.typeUrl} ${JSON.stringify(c.content)} ${c.clusterNames}`)
    .sort();
}

function held(owner: EnvoyLikeOwner): string[] {
  return [...owner.applied]
    .flatMap(([typeUrl, resources]) =>
      [...resources.values()].map(
        (c) => `${c.name} ${typeUrl} ${JSON.stringify(c.content)} ${c.clusterNames}`,
      ),
    )
    .sort();
}

test.each([
  ["sotw", true],
  ["delta", true],
  ["sotw", false],
  ["delta", false],
] as const)(
  "%s: whatever happens, the client ends with the last world (references said: %p)",
  (variant, saysReferences) => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), plan, fc.integer(), (events, last, seed) => {
        const pair = new Pair(variant, seed);
        // Unsaid references make a bad cluster hold everything that may lead to it, in the order by stages; what is checked
        // then is the end state.
        pair.owner.isChecking = saysReferences || events.every((e) => e.kind !== "reconnect");
        for (const what of events) happen(pair, what, saysReferences);
        const world = build(withoutBad(last), saysReferences);
        pair.offer(world);
        pair.settle();
        expect(held(pair.owner)).toEqual(expected(world));
        expect(new Set(pair.statuses())).toEqual(new Set(["live"]));
      }),
      { numRuns: 500, includeErrorInReport: true },
    );
  },
);

test.each(["sotw", "delta"] as const)(
  "%s: once in step, a reconnect sends no cluster and no listener",
  (variant) => {
    fc.assert(
      fc.property(plan, (last) => {
        const pair = new Pair(variant, 1);
        const world = build(withoutBad(last), true);
        pair.offer(world);
        pair.settle();
        const seen: string[] = [];
        const { handleUpdate } = pair.owner;
        pair.owner.handleUpdate = (update) => {
          if (update.resources.length > 0) seen.push(update.typeUrl);
          return handleUpdate.call(pair.owner, update);
        };
        pair.reconnect();
        pair.settle();
        const silent =
          variant === "delta" ? [CLUSTER, ENDPOINT, LISTENER, ROUTE] : [CLUSTER, LISTENER];
        expect(seen.filter((type) => silent.includes(type))).toEqual([]);
        expect(held(pair.owner)).toEqual(expected(world));
      }),
      { numRuns: 50 },
    );
  },
);
