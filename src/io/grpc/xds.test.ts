// Our server and our client over real gRPC on loopback.
import { afterEach, describe, expect, test } from "bun:test";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, type Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { deltaRequest, sotwRequest } from "#xds/testing/messages.ts";
import {
  STATUS,
  type XdsRequest,
  type XdsResponse,
  type XdsServerStream,
  type XdsStatus,
  type XdsStream,
  type XdsTransport,
} from "#xds/transport.ts";
import { CLUSTER, LISTENER } from "#xds/type-url.ts";
import { decodeResponse, encodeRequest } from "./methods.ts";
import { serveXds, type XdsServer, type XdsServerOptions } from "./xds-service.ts";
import { createXdsTransport } from "./xds-transport.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Session {
  readonly stream: XdsServerStream;
  readonly peer: string;
  readonly requests: XdsRequest[];
  closed: XdsStatus | undefined;
  drains: number;
}

async function serve(
  onRequest: (session: Session, request: XdsRequest) => void,
  options: Partial<XdsServerOptions> = {},
): Promise<{ server: XdsServer; sessions: Session[] }> {
  const sessions: Session[] = [];
  const server = await serveXds(
    { host: "127.0.0.1", port: 0, ...options },
    {
      accept: (stream, { address }) => {
        const session: Session = {
          stream,
          peer: address,
          requests: [],
          closed: undefined,
          drains: 0,
        };
        sessions.push(session);
        return {
          onRequest: (request) => {
            session.requests.push(request);
            onRequest(session, request);
          },
          onDrain: () => {
            session.drains += 1;
          },
          onClosed: (status) => {
            session.closed = status;
          },
        };
      },
    },
  );
  if ("kind" in server) throw new Error(server.reason);
  ends.push(() => server.close());
  return { server, sessions };
}

interface Opened {
  readonly stream: XdsStream;
  readonly responses: XdsResponse[];
  readonly response: () => Promise<XdsResponse>;
  readonly closed: Promise<XdsStatus>;
  readonly opened: Promise<void>;
}

function open(transport: XdsTransport, variant: "sotw" | "delta"): Opened {
  ends.push(() => transport.close());
  const responses: XdsResponse[] = [];
  const waiting: ((response: XdsResponse) => void)[] = [];
  const closed = Promise.withResolvers<XdsStatus>();
  const opened = Promise.withResolvers<void>();
  const stream = transport.open(variant, {
    onOpen: () => opened.resolve(),
    onResponse: (response) => {
      const next = waiting.shift();
      if (next === undefined) responses.push(response);
      else next(response);
    },
    onClosed: (status) => closed.resolve(status),
  });
  const response = async (): Promise<XdsResponse> =>
    responses.shift() ?? (await new Promise((resolve) => waiting.push(resolve)));
  return { stream, responses, response, closed: closed.promise, opened: opened.promise };
}

function clusters(nonce: string, ...bodies: Uint8Array[]): XdsResponse {
  return create(DiscoveryResponseSchema, {
    typeUrl: CLUSTER,
    nonce,
    resources: bodies.map((value) => create(AnySchema, { typeUrl: CLUSTER, value })),
  });
}

test("a stream carries requests and responses, resources byte for byte", async () => {
  const body = new Uint8Array([255, 0, 1, 2, 3]);
  const { server, sessions } = await serve((session) => session.stream.send(clusters("1", body)));
  const transport = createXdsTransport({ servers: [server.address] });
  const client = open(transport, "sotw");
  client.stream.send(sotwRequest({ type: CLUSTER, names: ["a"] }));
  const response = await client.response();
  await client.opened;
  expect(response.resources[0]).toMatchObject({ typeUrl: CLUSTER, value: body });
  expect(sessions[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(sessions[0]?.requests[0]).toMatchObject({ typeUrl: CLUSTER, resourceNames: ["a"] });
  client.stream.close();
  while (sessions[0]?.closed === undefined) await Bun.sleep(1);
});

test("a delta stream carries delta messages", async () => {
  const { server, sessions } = await serve(() => {});
  const client = open(createXdsTransport({ servers: [server.address] }), "delta");
  client.stream.send(deltaRequest({ type: CLUSTER, versions: { a: "1" } }));
  while (sessions[0]?.requests.length !== 1) await Bun.sleep(1);
  expect(sessions[0].stream.variant).toBe("delta");
  expect(sessions[0].requests[0]).toMatchObject({ initialResourceVersions: { a: "1" } });
});

test("a push of 5 MB arrives whole, and the next is made only when it has left", async () => {
  const big = new Uint8Array(5 * 1024 * 1024).map((_, i) => (i * 31) & 255);
  const { server, sessions } = await serve((session) => {
    session.stream.send(clusters("1", big));
    expect(session.stream.isWritable).toBe(false);
  });
  const client = open(createXdsTransport({ servers: [server.address] }), "sotw");
  client.stream.send(sotwRequest({ type: CLUSTER }));
  const response = await client.response();
  expect(Bun.hash(bodyOf(response))).toBe(Bun.hash(big));
  while (sessions[0]?.drains !== 1) await Bun.sleep(1);
  expect(sessions[0].stream.isWritable).toBe(true);
});

function bodyOf(response: XdsResponse): Uint8Array {
  if (response.$typeName !== "envoy.service.discovery.v3.DiscoveryResponse") throw new Error();
  return response.resources[0]?.value ?? new Uint8Array();
}

test("a client that stops reading keeps the stream unwritable", async () => {
  const { server, sessions } = await serve((session) => {
    session.stream.send(clusters("1", new Uint8Array(20 * 1024 * 1024)));
  });
  const sockets: Socket[] = [];
  const relay = createServer((near) => {
    const far = connectTcp(server.address.port, "127.0.0.1");
    sockets.push(near, far);
    near.pipe(far);
    // After the handshakes and some data nothing is read any more: the kernel's buffers fill, the server has to wait.
    let read = 0;
    far.on("data", (bytes) => {
      near.write(bytes);
      read += bytes.length;
      if (read > 100_000) far.pause();
    });
    far.on("error", () => {});
    near.on("error", () => {});
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  ends.push(() => relay.close());
  const address = relay.address();
  if (address === null || typeof address === "string") throw new Error();
  const client = open(
    createXdsTransport({ servers: [{ host: "127.0.0.1", port: address.port }] }),
    "sotw",
  );
  client.stream.send(sotwRequest({ type: CLUSTER }));
  while (sessions[0]?.requests.length !== 1) await Bun.sleep(1);
  await Bun.sleep(100);
  expect(sessions[0].stream.isWritable).toBe(false);
  expect(sessions[0].drains).toBe(0);
  for (const socket of sockets) socket.destroy();
  expect((await client.closed).code).toBe(STATUS.unavailable);
});

test("the server's status reaches the client, the client's end the server", async () => {
  const { server, sessions } = await serve((session) => {
    session.stream.close({ code: STATUS.invalidArgument, message: "no node" });
  });
  const client = open(createXdsTransport({ servers: [server.address] }), "sotw");
  client.stream.send(sotwRequest({ type: CLUSTER }));
  expect(await client.closed).toEqual({ code: STATUS.invalidArgument, message: "no node" });
  expect(sessions[0]?.closed).toBeUndefined();
});

test("closing the server ends its streams with Unavailable", async () => {
  const { server, sessions } = await serve(() => {});
  const client = open(createXdsTransport({ servers: [server.address] }), "sotw");
  client.stream.send(sotwRequest({ type: CLUSTER }));
  while (sessions[0]?.requests.length !== 1) await Bun.sleep(1);
  await server.close();
  expect((await client.closed).code).toBe(STATUS.unavailable);
  expect(sessions[0].closed?.code).toBe(STATUS.unavailable);
});

describe("a server that cannot be reached", () => {
  test("is Unavailable, and the next stream goes to the next server", async () => {
    const { server } = await serve((session) => session.stream.send(clusters("1")));
    const nobody = { host: "127.0.0.1", port: 1 };
    const transport = createXdsTransport({ servers: [nobody, server.address] });
    const first = open(transport, "sotw");
    const status = await first.closed;
    expect(status.code).toBe(STATUS.unavailable);
    expect(status.message).toContain("ECONNREFUSED");
    const second = open(transport, "sotw");
    second.stream.send(sotwRequest({ type: CLUSTER }));
    expect((await second.response()).nonce).toBe("1");
  });

  test("that never answers the connection is given up after the connect timeout", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    ends.push(() => silent.close());
    const address = silent.address();
    if (address === null || typeof address === "string") throw new Error();
    const transport = createXdsTransport({
      servers: [{ host: "127.0.0.1", port: address.port }],
      connectTimeoutMs: 50,
    });
    const client = open(transport, "sotw");
    expect((await client.closed).message).toStartWith(
      `cannot connect to 127.0.0.1:${address.port}: `,
    );
  });
});

test("a server killed in the middle of a stream is Unavailable at once", async () => {
  const child = Bun.spawn(
    [
      process.execPath,
      Bun.fileURLToPath(new URL("../../../test/support/ads-process.ts", import.meta.url)),
    ],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  ends.push(() => child.kill("SIGKILL"));
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const client = open(createXdsTransport({ servers: [{ host: "127.0.0.1", port }] }), "sotw");
  client.stream.send(sotwRequest({ type: CLUSTER }));
  expect((await client.response()).typeUrl).toBe(CLUSTER);
  child.kill("SIGKILL");
  expect((await client.closed).code).toBe(STATUS.unavailable);
});

test("more streams than allowed are refused with ResourceExhausted", async () => {
  const { server } = await serve((session) => session.stream.send(clusters("1")), {
    maxStreams: 1,
  });
  const transport = createXdsTransport({ servers: [server.address] });
  const first = open(transport, "sotw");
  first.stream.send(sotwRequest({ type: CLUSTER }));
  await first.response();
  const second = open(transport, "sotw");
  second.stream.send(sotwRequest({ type: CLUSTER }));
  expect((await second.closed).code).toBe(STATUS.resourceExhausted);
  first.stream.close();
  await Bun.sleep(20);
  const third = open(transport, "sotw");
  third.stream.send(sotwRequest({ type: CLUSTER }));
  expect((await third.response()).nonce).toBe("1");
});

describe("the method of a single type", () => {
  async function call(typeUrl: string): Promise<{ requests: XdsRequest[]; code: number }> {
    const { server, sessions } = await serve((session) => session.stream.send(clusters("1")));
    const client = new Client(`127.0.0.1:${server.address.port}`, credentials.createInsecure());
    ends.push(() => client.close());
    const stream = client.makeBidiStreamRequest<XdsRequest, XdsResponse>(
      "/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters",
      encodeRequest,
      (bytes) => decodeResponse("sotw", bytes),
    );
    stream.write(create(DiscoveryRequestSchema, { typeUrl }));
    const code = await new Promise<number>((resolve) => {
      stream.on("data", () => resolve(STATUS.ok));
      stream.on("error", () => {});
      stream.on("status", (status) => resolve(status.code));
    });
    stream.cancel();
    return { requests: sessions[0]?.requests ?? [], code };
  }

  test("needs no type URL", async () => {
    const { requests, code } = await call("");
    expect(code).toBe(STATUS.ok);
    expect(requests[0]?.typeUrl).toBe(CLUSTER);
  });

  test("refuses another type", async () => {
    const { requests, code } = await call(LISTENER);
    expect(code).toBe(STATUS.invalidArgument);
    expect(requests).toEqual([]);
  });
});

test("bytes that are no message end the stream, not the server", async () => {
  const { server, sessions } = await serve((session) => session.stream.send(clusters("1")));
  const client = new Client(`127.0.0.1:${server.address.port}`, credentials.createInsecure());
  ends.push(() => client.close());
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
    (bytes) => bytes,
    (bytes) => bytes,
  );
  stream.on("error", () => {});
  stream.on("data", () => {});
  stream.write(Buffer.from([0xff, 0xff, 0xff]));
  const code = await new Promise<number>((resolve) => {
    stream.on("status", (status) => resolve(status.code));
  });
  expect(code).toBe(STATUS.internal);
  while (sessions[0]?.closed === undefined) await Bun.sleep(1);
  const again = open(createXdsTransport({ servers: [server.address] }), "sotw");
  again.stream.send(sotwRequest({ type: CLUSTER }));
  expect((await again.response()).nonce).toBe("1");
});

test("the bootstrap's initial metadata goes with the stream, and no HTTP proxy is asked", async () => {
  const server = new Server();
  const seen = Promise.withResolvers<unknown>();
  server.addService(
    {
      stream: {
        path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
        requestStream: true,
        responseStream: true,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    { stream: (call: { metadata: Metadata }) => seen.resolve(call.metadata.get("x-token")) },
  );
  const port = await new Promise<number>((resolve) => {
    const done = (_: unknown, bound: number): void => resolve(bound);
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), done);
  });
  ends.push(() => server.forceShutdown());
  const { http_proxy: before } = process.env;
  process.env["http_proxy"] = "http://127.0.0.1:1";
  ends.push(() => {
    if (before === undefined) delete process.env["http_proxy"];
    else process.env["http_proxy"] = before;
  });
  const transport = createXdsTransport({
    servers: [{ host: "127.0.0.1", port }],
    initialMetadata: [{ key: "x-token", value: "t1" }],
  });
  open(transport, "sotw").stream.send(sotwRequest({ type: CLUSTER }));
  expect(await seen.promise).toEqual(["t1"]);
});

test("a port that is taken is said, not thrown", async () => {
  const { server } = await serve(() => {});
  const second = await serveXds(
    { host: "127.0.0.1", port: server.address.port },
    { accept: () => ({ onRequest() {}, onDrain() {}, onClosed() {} }) },
  );
  expect(second).toMatchObject({ kind: "failed" });
});
