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
  /** "CDS" -> how many resources of that type the proxy has that the object shaped. */
  readonly resources: Readonly<Record<string, number>>;
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

  /** `object` as the store has it now; undefined: it has it no more. The answer is undefined when nobody ever heard of `key`. */
  report(
    key: ObjectKey,
    object: ConfigObject | undefined,
    connections: Iterable<Connection>,
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
      const report = onProxy(connection, key, revision);
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
): ProxyLiveness | undefined {
  const { proxy, world, engine } = connection;
  if (proxy === undefined) return undefined;
  const resources: Record<string, number> = {};
  let words: string | undefined;
  let isSettled = true;
  for (const typeUrl of TYPES) {
    for (const { name, state, refusal } of engine.resources(typeUrl)) {
      // What a refusal of other objects' resources leaves waiting is no fault of this one.
      if (state === "pending" || state === "sent" || state === "removing") isSettled = false;
      const isOurs = world?.get(typeUrl, name)?.sources.includes(key) === true;
      if (!isOurs) continue;
      const type = shortTypeName(typeUrl);
      resources[type] = (resources[type] ?? 0) + 1;
      if (state === "held") isSettled = false;
      if (refusal !== undefined) words ??= refusal;
    }
  }
  // Also what is on its way without a name: a type that was just asked for.
  const waits = engine.status().some(({ sync }) => sync === "behind");
  const hasIt = revision !== undefined && (world?.snapshot.revision ?? 0) >= revision;
  const state = !hasIt
    ? "behind"
    : words !== undefined
      ? "rejected"
      : isSettled && !waits
        ? "live"
        : "behind";
  const { id, name, namespace } = proxy;
  const report = { proxy: id, name, namespace, state, resources } as const;
  return words === undefined || state !== "rejected" ? report : { ...report, words };
}
