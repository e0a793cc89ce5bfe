// xDS served over gRPC: ADS and the methods of single types, state of the world and incremental, on @grpc/grpc-js.
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import type { SocketAddress } from "#base/net.ts";
import type {
  XdsRequest,
  XdsResponse,
  XdsServerHandler,
  XdsServerStream,
  XdsService,
  XdsStatus,
} from "#xds/transport.ts";
import {
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_REQUEST_BYTES,
  MAX_STREAMS,
  MAX_STREAMS_PER_CONNECTION,
  SHUTDOWN_LIMIT_MS,
} from "./limits.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  methodPath,
  XDS_METHODS,
  type XdsMethod,
} from "./methods.ts";

type Call = ServerDuplexStream<XdsRequest, XdsResponse>;

export interface XdsServerOptions {
  readonly host: string;
  /** 0 lets the kernel choose; `XdsServer.address` says which. */
  readonly port: number;
  /** Default MAX_STREAMS. */
  readonly maxStreams?: number;
}

export interface XdsServer {
  readonly address: SocketAddress;
  /** Ends every stream with Unavailable, which makes clients come back elsewhere or later, and stops listening. */
  close(): Promise<void>;
}

/** Listens and serves, or says why it cannot listen. */
export async function serveXds(
  options: XdsServerOptions,
  service: XdsService,
): Promise<XdsServer | { readonly kind: "failed"; readonly reason: string }> {
  // What goes wrong comes back as a value; the library would print it as well.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": MAX_STREAMS_PER_CONNECTION,
    "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.keepalive_permit_without_calls": 1,
  });
  const maxStreams = options.maxStreams ?? MAX_STREAMS;
  const streams = new Set<ServerStreamAdapter>();
  for (const methods of Map.groupBy(XDS_METHODS, (method) => method.service).values()) {
    const definition = Object.fromEntries(methods.map((m) => [m.method, definitionOf(m)]));
    const handlers = Object.fromEntries(
      methods.map((method) => [
        method.method,
        (call: Call): void => {
          if (streams.size >= maxStreams) {
            const details = `this server serves ${maxStreams} streams at most`;
            call.emit("error", { code: status.RESOURCE_EXHAUSTED, details });
            return;
          }
          const stream = new ServerStreamAdapter(call, method, () => streams.delete(stream));
          streams.add(stream);
          stream.serve(service);
        },
      ]),
    );
    server.addService(definition, handlers);
  }
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const bound = await new Promise<number | Error>((resolve) => {
    server.bindAsync(`${host}:${options.port}`, ServerCredentials.createInsecure(), (error, port) =>
      resolve(error ?? port),
    );
  });
  if (typeof bound !== "number") return { kind: "failed", reason: bound.message };
  return {
    address: { host: options.host, port: bound },
    close: () => shutDown(server, streams),
  };
}

function definitionOf(method: XdsMethod) {
  return {
    path: methodPath(method),
    requestStream: true,
    responseStream: true,
    requestSerialize: encodeRequest,
    requestDeserialize: (bytes: Buffer) => decodeRequest(method.variant, bytes),
    responseSerialize: encodeResponse,
    responseDeserialize: (bytes: Buffer) => decodeResponse(method.variant, bytes),
  };
}

async function shutDown(server: Server, streams: Set<ServerStreamAdapter>): Promise<void> {
  for (const stream of [...streams]) {
    stream.endByServer({ code: status.UNAVAILABLE, message: "the server is shutting down" });
  }
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, SHUTDOWN_LIMIT_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

/**
 * One call as an XdsServerStream. At most one response is between us and the kernel: the next one is made when the last one
 * has left, from the world as it is then.
 */
class ServerStreamAdapter implements XdsServerStream {
  readonly variant: XdsMethod["variant"];
  readonly typeUrl: string | undefined;
  readonly #call: Call;
  readonly #gone: () => void;
  #handler: XdsServerHandler | undefined;
  #isSending = false;
  #isClosed = false;

  constructor(call: Call, method: XdsMethod, gone: () => void) {
    this.variant = method.variant;
    this.typeUrl = method.typeUrl;
    this.#call = call;
    this.#gone = gone;
  }

  serve(service: XdsService): void {
    this.#handler = service.accept(this, { address: this.#call.getPeer() });
    this.#call.on("data", (request: XdsRequest) => this.#receive(request));
    // Half-closed by the client: it will acknowledge nothing more, so there is nothing more to say.
    this.#call.on("end", () => this.#finish({ code: status.OK, message: "" }, true));
    this.#call.on("cancelled", () => {
      this.#finish({ code: status.CANCELLED, message: "cancelled by the client" }, true);
    });
    this.#call.on("error", (error: Error) => {
      this.#finish({ code: status.INTERNAL, message: error.message }, true);
    });
  }

  get isWritable(): boolean {
    return !this.#isSending && !this.#isClosed;
  }

  send(response: XdsResponse): boolean {
    if (this.#isClosed) return false;
    this.#isSending = true;
    this.#call.write(response, () => {
      this.#isSending = false;
      if (!this.#isClosed) this.#handler?.onDrain();
    });
    return !this.#isSending;
  }

  close(status: XdsStatus): void {
    this.#finish(status, false);
  }

  endByServer(status: XdsStatus): void {
    this.#finish(status, true);
  }

  #receive(request: XdsRequest): void {
    if (this.#isClosed) return;
    if (this.typeUrl !== undefined) {
      if (request.typeUrl === "") request.typeUrl = this.typeUrl;
      else if (request.typeUrl !== this.typeUrl) {
        const message = `this method serves ${this.typeUrl} only`;
        this.#finish({ code: status.INVALID_ARGUMENT, message }, true);
        return;
      }
    }
    this.#handler?.onRequest(request);
  }

  #finish(ended: XdsStatus, tellHandler: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gone();
    if (ended.code === status.OK) this.#call.end();
    else this.#call.emit("error", { code: ended.code, details: ended.message });
    if (tellHandler) this.#handler?.onClosed(ended);
  }
}
