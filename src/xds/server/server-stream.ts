// One client's stream as its server sees it: requests in, responses out. Knows no transport, no clock and no content.
//
//   handleRequest ─► types (what is asked for, acknowledged) ─┐
//                                                             ├─► nextResponse ─► at most one response a type waits for its ACK
//   offer ─────────► the newest world ────────────────────────┘
//
// Everything is decided anew from (what the client has, what the newest world is) whenever a response is asked for; there
// is no queue of changes. Offering ten worlds to a slow client costs it one response.
import { create } from "@bufbuild/protobuf";
import {
  type ControlPlane,
  ControlPlaneSchema,
  type Node,
} from "#api/envoy/config/core/v3/base_pb.ts";
import { assert } from "#base/assert.ts";
import {
  MAX_NAME_CHARACTERS_PER_STREAM,
  MAX_NAMES_PER_TYPE,
  MAX_TYPES_PER_STREAM,
} from "#xds/limits.ts";
import {
  STATUS,
  type XdsRequest,
  type XdsResponse,
  type XdsStatus,
  type XdsVariant,
} from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, ROUTE, SECRET, VIRTUAL_HOST } from "#xds/type-url.ts";
import * as delta from "./delta.ts";
import { OrderCheck } from "./order.ts";
import type { Resource, ResourceSource } from "./resource.ts";
import * as sotw from "./sotw.ts";
import { type ResourceStatus, resourceStatuses, type TypeStatus, typeStatus } from "./status.ts";
import { type Nack, TypeState } from "./type-state.ts";

/** What a request turned out to be. */
export type RequestOutcome =
  /** First request of a type, a change of what is subscribed to, or a repetition. */
  | { readonly kind: "subscribed"; readonly typeUrl: string; readonly hasChanged: boolean }
  | { readonly kind: "acked"; readonly typeUrl: string; readonly version: string }
  | ({ readonly kind: "nacked"; readonly typeUrl: string } & Nack)
  /** SotW: it answers a response that is not the last; ignored as the protocol wants. */
  | { readonly kind: "stale"; readonly typeUrl: string }
  /** The peer's fault: end the stream with this status. */
  | { readonly kind: "refused"; readonly status: XdsStatus };

export interface ServerStreamOptions {
  /** Put into every response as control_plane.identifier; Envoy shows it (control_plane.identifier). Default: none. */
  readonly identifier?: string | undefined;
}

/** Types that cannot be asked for by saying nothing: a first request without names subscribes to nothing. */
const NAMED_ONLY: ReadonlySet<string> = new Set([ENDPOINT, ROUTE, VIRTUAL_HOST, SECRET]);

export class ServerStream {
  readonly variant: XdsVariant;
  #node: Node | undefined;
  #source: ResourceSource | undefined;
  readonly #types: Map<string, TypeState> = new Map();
  /** The types in the order in which they are sent. */
  #ordered: TypeState[] = [];
  /** To be compared with the newest world before the next decision. */
  readonly #dirty: Set<TypeState> = new Set();
  #nonce = 0;
  readonly #controlPlane: ControlPlane | undefined;

  constructor(variant: XdsVariant, options: ServerStreamOptions = {}) {
    this.variant = variant;
    this.#controlPlane =
      options.identifier === undefined
        ? undefined
        : create(ControlPlaneSchema, { identifier: options.identifier });
  }

  /** From the first request; undefined before it. */
  get node(): Node | undefined {
    return this.#node;
  }

  handleRequest(request: XdsRequest, nowMs: number): RequestOutcome {
    if (this.#node === undefined) {
      if (request.node === undefined || request.node.id === "") {
        return refused("the first request on a stream must carry a node with an id");
      }
      this.#node = request.node;
    }
    if (request.typeUrl === "") return refused("type_url is required on an aggregated stream");
    const known = this.#types.get(request.typeUrl);
    if (known === undefined && this.#types.size >= MAX_TYPES_PER_STREAM) {
      return exhausted(`a stream may ask for ${MAX_TYPES_PER_STREAM} types at most`);
    }
    const type = known ?? this.#addType(request.typeUrl);
    const isFirst = known === undefined;
    let outcome: RequestOutcome;
    if (request.$typeName === "envoy.service.discovery.v3.DiscoveryRequest") {
      assert(this.variant === "sotw", "a SotW request on a delta stream");
      outcome = sotw.handleRequest(type, request, isFirst, nowMs);
    } else {
      assert(this.variant === "delta", "a delta request on a SotW stream");
      outcome = delta.handleRequest(type, request, isFirst, nowMs);
    }
    if (type.subscription.names.size > MAX_NAMES_PER_TYPE) {
      return exhausted(`a stream may name ${MAX_NAMES_PER_TYPE} resources of a type at most`);
    }
    const characterCount = this.#ordered.reduce((sum, each) => sum + each.characterCount, 0);
    if (characterCount > MAX_NAME_CHARACTERS_PER_STREAM) {
      const limit = MAX_NAME_CHARACTERS_PER_STREAM;
      return exhausted(`the names of a stream may have ${limit} characters at most`);
    }
    this.#dirty.add(type);
    return outcome;
  }

  /** The newest world. It replaces an older one at once; what the client already has is not sent again. */
  offer(source: ResourceSource): void {
    this.#source = source;
    for (const type of this.#ordered) this.#dirty.add(type);
  }

  /** The next message to send, which counts as sent; call until undefined whenever anything was handled. */
  nextResponse(nowMs: number): XdsResponse | undefined {
    const source = this.#source;
    if (source === undefined) return undefined;
    this.#compareDirty(source);
    const order = new OrderCheck(this.#types, nowMs);
    for (const type of this.#ordered) {
      if (!type.maySend) continue;
      const response = this.#respond(type, order, nowMs);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  /** Lets go of what waited long enough; call `nextResponse` after it. */
  handleTimeout(nowMs: number): void {
    for (const type of this.#ordered) type.handleTimeout(nowMs);
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const type of this.#ordered) {
      const at = type.nextTimeoutMs();
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** One line for each type that was asked for, in the order of types. */
  status(): readonly TypeStatus[] {
    if (this.#source !== undefined) this.#compareDirty(this.#source);
    return this.#ordered.map(typeStatus);
  }

  /** Every resource of a type that this client was sent or waits for. */
  resources(typeUrl: string): readonly ResourceStatus[] {
    if (this.#source !== undefined) this.#compareDirty(this.#source);
    const type = this.#types.get(typeUrl);
    return type === undefined ? [] : resourceStatuses(type);
  }

  #addType(typeUrl: string): TypeState {
    const type = new TypeState(typeUrl, !NAMED_ONLY.has(typeUrl));
    this.#types.set(typeUrl, type);
    // A stable sort: types that TYPE_ORDER does not know stay in the order in which they were asked for.
    this.#ordered = [...this.#types.values()].sort((a, b) => a.rank - b.rank);
    return type;
  }

  #compareDirty(source: ResourceSource): void {
    for (const type of this.#dirty) type.compare(source);
    this.#dirty.clear();
  }

  #respond(type: TypeState, order: OrderCheck, nowMs: number): XdsResponse | undefined {
    const part = type.nextPart((resource) => order.maySend(type, resource));
    const changed = part ?? this.#sendable(type, order);
    const removable = order.removable(type);
    const respond = this.variant === "sotw" ? sotw.respond : delta.respond;
    const draft = respond(type, changed, removable, part !== undefined);
    if (draft === undefined) return undefined;
    this.#nonce += 1;
    const message = draft.send(String(this.#nonce), nowMs);
    if (this.#controlPlane !== undefined) message.controlPlane = this.#controlPlane;
    if (type.typeUrl === CLUSTER) this.#oweEndpoints(changed);
    return message;
  }

  #sendable(type: TypeState, order: OrderCheck): Resource[] {
    const sendable: Resource[] = [];
    for (const resource of type.toSend.values()) {
      if (order.maySend(type, resource)) sendable.push(resource);
    }
    return sendable;
  }

  /**
   * Envoy puts a new or changed cluster into warming until an assignment comes, even one that it has had before, and asks
   * for it again only in some versions of the protocol (envoy#13009). So the assignments of exactly the sent clusters follow.
   */
  #oweEndpoints(clusters: readonly Resource[]): void {
    const endpoints = this.#types.get(ENDPOINT);
    if (endpoints === undefined) return;
    for (const { endpointsName } of clusters) {
      if (endpointsName === undefined) continue;
      if (endpoints.subscription.isWildcard || endpoints.subscription.isNamed(endpointsName)) {
        endpoints.owe(endpointsName);
        this.#dirty.add(endpoints);
      }
    }
    // The next type in this pass may be EDS: it has to know at once.
    if (this.#source !== undefined) this.#compareDirty(this.#source);
  }
}

function refused(message: string): RequestOutcome {
  return { kind: "refused", status: { code: STATUS.invalidArgument, message } };
}

function exhausted(message: string): RequestOutcome {
  return { kind: "refused", status: { code: STATUS.resourceExhausted, message } };
}
