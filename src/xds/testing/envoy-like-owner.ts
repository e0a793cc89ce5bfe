// A resource owner that behaves as Envoy does with listeners, routes, clusters and endpoints, and checks on every message what
// a good server promises. Content is JSON (messages.ts); content that starts with "bad" is refused by name.
import { assert } from "#base/assert.ts";
import type { XdsClient } from "#xds/client/client.ts";
import type { ResourceOwner, ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { contentVersion } from "#xds/content-version.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "#xds/type-url.ts";
import { type Content, contentOf } from "./messages.ts";

export class EnvoyLikeOwner implements ResourceOwner {
  /** What is in use: accepted content by type and name. */
  readonly applied: ReadonlyMap<string, Map<string, Content>> = new Map(
    [CLUSTER, ENDPOINT, LISTENER, ROUTE].map((type) => [type, new Map<string, Content>()]),
  );
  /** Everything that is on the client because it was sent and named good. */
  client: XdsClient | undefined;
  /** A SotW server cannot know after a reconnect what the client had: then a route may lose its cluster for a moment. */
  mayBreak = false;
  isChecking = true;
  /** Refuses without saying what it means. */
  isWordless = false;
  /** type -> name -> version last received on this stream. */
  readonly #received = new Map<string, Map<string, string>>();
  /** type -> name -> how often a repeated send is allowed. */
  readonly #expected = new Map<string, Map<string, number>>();
  #fullVersions = new Map<string, string>();

  of(typeUrl: string): Map<string, Content> {
    const map = this.applied.get(typeUrl);
    assert(map !== undefined, `unexpected type ${typeUrl}`);
    return map;
  }

  /** A new stream: everything may come again. */
  handleReconnect(): void {
    this.#received.clear();
    this.#expected.clear();
    this.#fullVersions.clear();
  }

  handleUpdate(update: ResourceUpdate): Verdict {
    const contents = update.resources.map((resource) => ({
      ...contentOf(resource.body),
      version: contentVersion(resource.body),
    }));
    if (this.isChecking) this.#checkRepetition(update, contents);
    if (contents.some((content) => content.content.startsWith("bad"))) {
      // What a refusal may mean comes again, in smaller and smaller parts.
      for (let n = contents.length; n > 1; n /= 2) {
        for (const { name } of contents) this.#expect(update.typeUrl, name);
      }
      if (this.isWordless) return this.#refuseWithoutWords(update, contents);
    }
    const applied = this.of(update.typeUrl);
    const refused: string[] = [];
    for (const content of contents) {
      if (content.content.startsWith("bad")) refused.push(content.name);
      else this.#apply(update.typeUrl, content);
    }
    const gone = update.isFullState
      ? [...applied.keys()].filter((name) => !contents.some((content) => content.name === name))
      : update.removed;
    for (const name of gone) applied.delete(name);
    this.#subscribe(update, contents);
    this.#warm();
    if (this.isChecking && !this.mayBreak) this.#checkReferences();
    if (refused.length === 0) return { kind: "accepted" };
    const message = refused.map((name) => `${name}: it is bad`).join(", ");
    return { kind: "rejected", message, refused: new Set(refused) };
  }

  /** Validation failed: of clusters and listeners nothing is taken, of the others what came before the first bad one. */
  #refuseWithoutWords(update: ResourceUpdate, contents: readonly Content[]): Verdict {
    const message = "Proto constraint validation failed";
    if (update.typeUrl === CLUSTER || update.typeUrl === LISTENER) {
      return { kind: "rejected", message, refused: "all" };
    }
    const end = contents.findIndex((content) => content.content.startsWith("bad"));
    for (const content of contents.slice(0, end)) this.#apply(update.typeUrl, content);
    this.#warm();
    return { kind: "rejected", message, refused: new Set(contents.slice(end).map((c) => c.name)) };
  }

  #apply(typeUrl: string, content: Content): void {
    // Envoy ignores what it did not ask for.
    if (typeUrl === ROUTE && !this.#wantedRoutes().has(content.name)) return;
    if (typeUrl === ENDPOINT && !this.#wantedEndpoints().has(content.name)) return;
    this.of(typeUrl).set(content.name, content);
  }

  /** A new cluster serves when its endpoints are there; a changed one all the time, in its old version until they are. */
  #warm(): void {
    for (const { name, endpointsName } of this.of(CLUSTER).values()) {
      if (endpointsName === undefined || this.of(ENDPOINT).has(endpointsName))
        this.#active.add(name);
    }
    for (const name of this.#active) if (!this.of(CLUSTER).has(name)) this.#active.delete(name);
  }

  readonly #active = new Set<string>();

  #wantedRoutes(): Set<string> {
    return new Set([...this.of(LISTENER).values()].flatMap((l) => l.routeNames ?? []));
  }

  #wantedEndpoints(): Set<string> {
    return new Set([...this.of(CLUSTER).values()].flatMap((c) => c.endpointsName ?? []));
  }

  /** EDS follows clusters, RDS follows listeners. */
  #subscribe(update: ResourceUpdate, contents: readonly Content[]): void {
    const [from, to, wanted] =
      update.typeUrl === CLUSTER
        ? [CLUSTER, ENDPOINT, this.#wantedEndpoints()]
        : [LISTENER, ROUTE, this.#wantedRoutes()];
    if (update.typeUrl !== from) return;
    const held = this.#subscribed.get(to) ?? new Set<string>();
    this.#subscribed.set(to, wanted);
    const added = [...wanted].filter((name) => !held.has(name));
    const removed = [...held].filter((name) => !wanted.has(name));
    for (const name of removed) this.of(to).delete(name);
    this.client?.subscribe(to, added);
    this.client?.unsubscribe(to, removed);
    for (const name of added) this.#expect(to, name);
    if (from === CLUSTER) {
      for (const { endpointsName } of contents) {
        if (endpointsName !== undefined) this.#expect(ENDPOINT, endpointsName);
      }
    }
  }

  readonly #subscribed = new Map<string, Set<string>>();

  #expect(typeUrl: string, name: string): void {
    const names = this.#expected.get(typeUrl) ?? new Map<string, number>();
    names.set(name, (names.get(name) ?? 0) + 1);
    this.#expected.set(typeUrl, names);
  }

  /** Equal content is not sent twice, unless it was asked for again or belongs to a cluster that was just sent. */
  #checkRepetition(
    update: ResourceUpdate,
    contents: readonly (Content & { readonly version: string })[],
  ): void {
    const names = contents.map((content) => content.name);
    assert(new Set(names).size === names.length, `a name twice in ${update.typeUrl}: ${names}`);
    const received = this.#received.get(update.typeUrl) ?? new Map<string, string>();
    this.#received.set(update.typeUrl, received);
    if (update.isFullState) {
      const state = contents
        .map((content) => content.version)
        .sort()
        .join();
      assert(
        this.#fullVersions.get(update.typeUrl) !== state,
        `the same state of ${update.typeUrl} twice`,
      );
      this.#fullVersions.set(update.typeUrl, state);
      return;
    }
    for (const name of update.removed) received.delete(name);
    for (const { name, version } of contents) {
      if (received.get(name) === version) {
        const expected = this.#expected.get(update.typeUrl);
        const count = expected?.get(name) ?? 0;
        assert(count > 0, `${update.typeUrl} ${name} was sent twice in the same version`);
        expected?.set(name, count - 1);
      }
      received.set(name, version);
    }
  }

  /** Whatever is in use leads only to clusters that are here, with endpoints. Names with "bad" are the test's, and excused. */
  #checkReferences(): void {
    for (const typeUrl of [LISTENER, ROUTE]) {
      for (const { name, clusterNames } of this.of(typeUrl).values()) {
        for (const cluster of clusterNames ?? []) {
          if (this.excused.has(cluster)) continue;
          const held = this.of(CLUSTER).get(cluster);
          assert(held !== undefined, `${name} leads to ${cluster}, which is not here`);
          assert(
            this.#active.has(cluster),
            `${name} leads to ${cluster}, which has no endpoints yet`,
          );
        }
      }
    }
  }

  /** Clusters that were bad at some time of the test: a route to one may have nothing to lead to. */
  readonly excused: Set<string> = new Set();
}
