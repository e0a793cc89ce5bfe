// A proxy in memory for the pilot's tests: subscribes like Envoy over SotW ADS, accepts what it is sent, and keeps it.
import { create, fromBinary, type JsonObject } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { DiscoveryResponse } from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { assert } from "#base/assert.ts";
import { sotwRequest } from "#xds/testing/messages.ts";
import type {
  XdsResponse,
  XdsServerHandler,
  XdsServerStream,
  XdsService,
  XdsStatus,
} from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, type ROUTE } from "#xds/type-url.ts";

export interface FakeProxyOptions {
  readonly address?: string;
  readonly name?: string;
  readonly metadata?: JsonObject;
  /** Type URL -> the words it refuses every response of that type with. */
  readonly refuses?: Readonly<Record<string, string>>;
}

export class FakeProxy implements XdsServerStream {
  readonly variant = "sotw" as const;
  readonly typeUrl = undefined;
  readonly isWritable = true;
  /** Type URL -> resource name -> encoded body, of the last response that carried it. */
  readonly held: Map<string, Map<string, Uint8Array>> = new Map();
  /** In the order in which they came. */
  readonly responses: DiscoveryResponse[] = [];
  endedWith: XdsStatus | undefined;
  readonly #options: FakeProxyOptions;
  readonly #names = new Map<string, readonly string[]>();
  readonly #handler: XdsServerHandler;

  constructor(service: XdsService, options: FakeProxyOptions = {}) {
    this.#options = options;
    this.#handler = service.accept(this, { address: "127.0.0.1:40000" });
    const { address = "127.77.30.1", name = "client-1" } = options;
    const node = create(NodeSchema, {
      id: `sidecar~${address}~${name}.default~default.svc.cluster.local`,
      metadata: { NAMESPACE: "default", INTERCEPTION_MODE: "NONE", ...options.metadata },
    });
    this.#handler.onRequest(sotwRequest({ type: CLUSTER, node }));
    this.#handler.onRequest(sotwRequest({ type: LISTENER, node }));
  }

  /** Asks for these endpoints or routes, and no others of that type. */
  subscribe(typeUrl: typeof ENDPOINT | typeof ROUTE, names: readonly string[]): void {
    this.#names.set(typeUrl, names);
    const last = this.responses.findLast((response) => response.typeUrl === typeUrl);
    this.#handler.onRequest(
      sotwRequest({
        type: typeUrl,
        names,
        nonce: last?.nonce ?? "",
        version: last?.versionInfo ?? "",
        node: undefined,
      }),
    );
  }

  send(response: XdsResponse): boolean {
    assert(response.$typeName === "envoy.service.discovery.v3.DiscoveryResponse", "SotW stream");
    this.responses.push(response);
    const refusal = this.#options.refuses?.[response.typeUrl];
    if (refusal === undefined) this.#keep(response);
    this.#handler.onRequest(
      sotwRequest({
        type: response.typeUrl,
        names: this.#names.get(response.typeUrl) ?? [],
        nonce: response.nonce,
        version: refusal === undefined ? response.versionInfo : "",
        node: undefined,
        ...(refusal === undefined ? {} : { error: refusal }),
      }),
    );
    return true;
  }

  close(status: XdsStatus): void {
    this.endedWith = status;
  }

  disconnect(): void {
    this.#handler.onClosed({ code: 1, message: "gone" });
  }

  /** `address:port` of every endpoint that it holds for a cluster. */
  endpointsOf(cluster: string): string[] {
    const body = this.held.get(ENDPOINT)?.get(cluster);
    if (body === undefined) return [];
    const { endpoints } = fromBinary(ClusterLoadAssignmentSchema, body);
    return endpoints
      .flatMap(({ lbEndpoints }) => lbEndpoints)
      .map(({ hostIdentifier }) => {
        const address =
          hostIdentifier.case === "endpoint" ? hostIdentifier.value.address?.address : undefined;
        if (address?.case !== "socketAddress") return "?";
        return `${address.value.address}:${address.value.portSpecifier.value}`;
      })
      .sort();
  }

  #keep(response: DiscoveryResponse): void {
    const isFull = response.typeUrl === CLUSTER || response.typeUrl === LISTENER;
    const held = isFull ? new Map() : (this.held.get(response.typeUrl) ?? new Map());
    for (const resource of response.resources) held.set(nameOf(resource.value), resource.value);
    this.held.set(response.typeUrl, held);
  }
}

/** The name is field 1 of each of the four types, a string: what StringValue reads too, passing over the rest. */
function nameOf(body: Uint8Array): string {
  return fromBinary(StringValueSchema, body).value;
}
