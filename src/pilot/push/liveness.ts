// Whether one object is in force on every proxy: a change is live where the proxy accepted everything of a snapshot that holds it.
import type { SyncState } from "#xds/server/status.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, shortTypeName } from "#xds/type-url.ts";
import { type ConfigObject, type ObjectKey, objectKey } from "../model/object.ts";
import type { Connection } from "./connection.ts";

export interface ProxyLiveness {
  /** The proxy's id. */
  readonly proxy: string;
  readonly name: string;
  readonly namespace: string;
  readonly state: SyncState;
  /** Where asked for: "CDS" -> how many resources of that type the proxy has that the object shaped. */
  readonly resources?: Readonly<Record<string, number>>;
  /** The proxy's own, of the refused resource that the object shaped. */
  readonly words?: string;
}

export interface Liveness {
  /** "VirtualService/default/reviews" */
  readonly object: ObjectKey;
  /** False: it was removed, and the question is who still has it. */
  readonly exists: boolean;
  /** The first snapshot that holds this version of it, or no longer holds it; undefined: none does yet. */
  readonly revision: number | undefined;
  /** The worst of the proxies. */
  readonly state: SyncState;
  readonly live: number;
  readonly total: number;
  readonly proxies: readonly ProxyLiveness[];
}

/** Removed objects whose removal is still followed; older ones are forgotten. */
const MAX_REMOVED = 1_000;

const TYPES = [CLUSTER, ENDPOINT, LISTENER, ROUTE];

export class ObjectRevisions {
  readonly #standing = new Map<ObjectKey, { readonly hash: string; readonly revision: number }>();
  readonly #removed = new Map<ObjectKey, number>();

  /** `revision` is the first snapshot of these objects. */
  handleSnapshot(objects: readonly ConfigObject[], revision: number): void {
    const keys = new Set<ObjectKey>();
    for (const object of objects) {
      const key = objectKey(object);
      keys.add(key);
      this.#removed.delete(key);
      if (this.#standing.get(key)?.hash !== object.hash) {
        this.#standing.set(key, { hash: object.hash, revision });
      }
    }
    for (const key of this.#standing.keys()) {
      if (keys.has(key)) continue;
      this.#standing.delete(key);
      this.#removed.set(key, revision);
    }
    for (const key of this.#removed.keys()) {
      if (this.#removed.size <= MAX_REMOVED) break;
      this.#removed.delete(key);
    }
  }

  /**
   * `object` as the store has it now; undefined: it has it no more. The answer is undefined when nobody ever heard of `key`.
   * `withResources` looks at every resource of every proxy: for a person's question, not for who asks again and again.
   */
  report(
    key: ObjectKey,
    object: ConfigObject | undefined,
    connections: Iterable<Connection>,
    withResources = false,
  ): Liveness | undefined {
    const standing = this.#standing.get(key);
    if (object === undefined && standing === undefined && !this.#removed.has(key)) return undefined;
    const revision =
      object === undefined
        ? this.#removed.get(key)
        : standing?.hash === object.hash
          ? standing.revision
          : undefined;
    const proxies: ProxyLiveness[] = [];
    for (const connection of connections) {
      const report = onProxy(connection, key, revision, withResources);
      if (report !== undefined) proxies.push(report);
    }
    proxies.sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
    const live = proxies.filter(({ state }) => state === "live").length;
    return {
      object: key,
      exists: object !== undefined,
      revision,
      state: worst(proxies, revision),
      live,
      total: proxies.length,
      proxies,
    };
  }
}

function worst(proxies: readonly ProxyLiveness[], revision: number | undefined): SyncState {
  if (proxies.some(({ state }) => state === "rejected")) return "rejected";
  const isLive = revision !== undefined && proxies.every(({ state }) => state === "live");
  return isLive ? "live" : "behind";
}

function onProxy(
  connection: Connection,
  key: ObjectKey,
  revision: number | undefined,
  withResources: boolean,
): ProxyLiveness | undefined {
  const { proxy, world } = connection;
  if (proxy === undefined) return undefined;
  const hasIt = revision !== undefined && (world?.snapshot.revision ?? 0) >= revision;
  const { state, words } = hasIt ? settledState(connection, key) : BEHIND;
  return {
    proxy: proxy.id,
    name: proxy.name,
    namespace: proxy.namespace,
    state,
    ...(words === undefined ? {} : { words }),
    ...(withResources ? { resources: countResources(connection, key) } : {}),
  };
}

interface StateAndWords {
  readonly state: SyncState;
  readonly words?: string;
}

const BEHIND: StateAndWords = { state: "behind" };

/** Of a proxy that was offered a snapshot with the object. */
function settledState(connection: Connection, key: ObjectKey): StateAndWords {
  const { engine } = connection;
  const statuses = engine.status();
  let isSettled = statuses.every(({ sync }) => sync !== "behind");
  for (const { typeUrl, sync } of statuses) {
    if (sync !== "rejected") continue;
    for (const { name, state, refusal } of engine.resources(typeUrl)) {
      const isOurs = isMadeOf(connection, typeUrl, name, key);
      if (isOurs && refusal !== undefined) return { state: "rejected", words: refusal };
      // What a refusal of other objects' resources holds back is no fault of this one.
      if (UNSETTLED.has(state) || (isOurs && state === "held")) isSettled = false;
    }
  }
  return isSettled ? { state: "live" } : BEHIND;
}

const UNSETTLED: ReadonlySet<string> = new Set(["pending", "sent", "removing"]);

function isMadeOf({ world }: Connection, typeUrl: string, name: string, key: ObjectKey): boolean {
  return world?.get(typeUrl, name)?.sources.includes(key) === true;
}

function countResources(connection: Connection, key: ObjectKey): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const typeUrl of TYPES) {
    const count = connection.engine
      .resources(typeUrl)
      .filter(({ name }) => isMadeOf(connection, typeUrl, name, key)).length;
    if (count > 0) counts[shortTypeName(typeUrl)] = count;
  }
  return counts;
}
