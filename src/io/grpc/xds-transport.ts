// xDS asked for over gRPC: one channel for each aggregated stream, to the management servers in turn, on @grpc/grpc-js.
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import type { SocketAddress } from "#base/net.ts";
import type {
  XdsRequest,
  XdsResponse,
  XdsStream,
  XdsStreamHandler,
  XdsTransport,
  XdsVariant,
} from "#xds/transport.ts";
import {
  CONNECT_TIMEOUT_MS,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_RESPONSE_BYTES,
} from "./limits.ts";
import { adsPath, decodeResponse, encodeRequest } from "./methods.ts";

export interface XdsTransportOptions {
  /** One or more; each new stream goes to the next. */
  readonly servers: readonly SocketAddress[];
  /** Sent with every stream. */
  readonly initialMetadata?: readonly { readonly key: string; readonly value: string }[];
  /** Default CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs?: number;
}

export function createXdsTransport(options: XdsTransportOptions): XdsTransport {
  const open = new Set<ClientStreamAdapter>();
  let turn = 0;
  return {
    open: (variant, handler) => {
      const server = options.servers[turn % options.servers.length];
      turn += 1;
      const stream = new ClientStreamAdapter(variant, handler, server, options, () =>
        open.delete(stream),
      );
      open.add(stream);
      return stream;
    },
    close: () => {
      for (const stream of [...open]) stream.close();
    },
  };
}

function targetOf({ host, port }: SocketAddress): string {
  if (/^\d+(\.\d+){3}$/.test(host)) return `ipv4:${host}:${port}`;
  return host.includes(":") ? `ipv6:[${host}]:${port}` : `dns:///${host}:${port}`;
}

/**
 * A channel of its own for each stream: "open" then really means "connect now", when our back-off says so, and not when the
 * channel's own (1 s to 2 min) happens to end.
 */
class ClientStreamAdapter implements XdsStream {
  readonly #client: Client | undefined;
  readonly #call: ClientDuplexStream<XdsRequest, XdsResponse> | undefined;
  readonly #gone: () => void;
  #isClosed = false;

  constructor(
    variant: XdsVariant,
    handler: XdsStreamHandler,
    server: SocketAddress | undefined,
    options: XdsTransportOptions,
    gone: () => void,
  ) {
    this.#gone = gone;
    if (server === undefined) {
      queueMicrotask(() => {
        if (this.#isClosed) return;
        this.close();
        handler.onClosed({ code: status.UNAVAILABLE, message: "no management server is known" });
      });
      return;
    }
    this.#client = new Client(targetOf(server), credentials.createInsecure(), {
      "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
      "grpc.max_send_message_length": -1,
      "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.use_local_subchannel_pool": 1,
      // A workload's HTTP_PROXY is its sidecar: the control plane must never be reached through it.
      "grpc.enable_http_proxy": 0,
    });
    this.#call = this.#start(this.#client, variant, handler, options);
    const deadline = Date.now() + (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    this.#client.waitForReady(deadline, (error) => {
      if (this.#isClosed) return;
      if (error === undefined) return handler.onOpen();
      this.close();
      const message = `cannot connect to ${server.host}:${server.port}: ${error.message}`;
      handler.onClosed({ code: status.UNAVAILABLE, message });
    });
  }

  send(request: XdsRequest): void {
    if (!this.#isClosed) this.#call?.write(request);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gone();
    this.#call?.cancel();
    this.#client?.close();
  }

  #start(
    client: Client,
    variant: XdsVariant,
    handler: XdsStreamHandler,
    options: XdsTransportOptions,
  ): ClientDuplexStream<XdsRequest, XdsResponse> {
    const metadata = new Metadata();
    for (const { key, value } of options.initialMetadata ?? []) metadata.add(key, value);
    const call = client.makeBidiStreamRequest<XdsRequest, XdsResponse>(
      adsPath(variant),
      encodeRequest,
      (bytes) => decodeResponse(variant, bytes),
      metadata,
    );
    call.on("data", (response: XdsResponse) => {
      if (!this.#isClosed) handler.onResponse(response);
    });
    call.on("status", (ended: StatusObject) => {
      if (this.#isClosed) return;
      this.close();
      handler.onClosed({ code: ended.code, message: ended.details });
    });
    // The status says the same; without a listener the error would be thrown.
    call.on("error", () => {});
    return call;
  }
}
