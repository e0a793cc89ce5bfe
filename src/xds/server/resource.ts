// What a server serves: resources, encoded once, and the world as one client may see it.

export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** A hash of `body` (contentVersion): equal content has an equal version, on every stream and after a restart. */
  readonly version: string;
  /** The encoded message, put into google.protobuf.Any as it is. Never changed. */
  readonly body: Uint8Array;
  /** Cluster only: the name that its endpoints are asked for under (EDS); undefined when they are not discovered so. */
  readonly endpointsName?: string | undefined;
  /**
   * Listener and route configuration (and an aggregate cluster): the clusters that it may send requests to. It is held back
   * until the client has them, and they are not removed while the client may use them. undefined: not known, which means
   * all of them; [] means none.
   */
  readonly clusterNames?: readonly string[] | undefined;
}

/** One immutable world for one client. A later world is another object. */
export interface ResourceSource {
  /** All resources of a type, for a wildcard subscription; each name once. */
  list(typeUrl: string): Iterable<Resource>;
  /**
   * The resource that a client asked for by name. For EDS a name that is unknown should still give an empty assignment,
   * otherwise Envoy waits for it in warming; undefined means that it does not exist and the client is told so where the
   * protocol can (delta).
   */
  get(typeUrl: string, name: string): Resource | undefined;
  /**
   * Names of the type that may differ between this world and an earlier one of the same client, if that is known: then only
   * these are compared, and a change costs what changed. A source that offers it must `get` exactly what it `list`s, where the
   * client holds the wildcard. undefined, or no such method: everything is compared.
   */
  changedSince?(typeUrl: string, earlier: ResourceSource): Iterable<string> | undefined;
}
