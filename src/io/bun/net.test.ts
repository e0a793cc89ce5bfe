import { afterEach, expect, test } from "bun:test";
import {
  type ConnectHandler,
  isSocketError,
  type Listening,
  type Socket,
  type SocketError,
  type SocketHandler,
} from "#base/net.ts";
import { bunNet } from "./net.ts";

const open: Listening[] = [];
afterEach(() => {
  for (const listening of open.splice(0)) listening.close();
});

/** Everything a socket was told, and promises for the moments a test waits for. */
class Recorder implements ConnectHandler {
  socket: Socket | undefined;
  text = "";
  byteCount = 0;
  drains = 0;
  readonly connected: Promise<void>;
  readonly ended: Promise<void>;
  readonly closed: Promise<SocketError | undefined>;
  #onConnect: () => void = () => {};
  #onEnd: () => void = () => {};
  #onClose: (error: SocketError | undefined) => void = () => {};

  constructor() {
    this.connected = new Promise((resolve) => {
      this.#onConnect = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#onEnd = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#onClose = resolve;
    });
  }

  onConnect(socket: Socket): void {
    this.socket = socket;
    this.#onConnect();
  }
  onData(bytes: Uint8Array): void {
    this.byteCount += bytes.length;
    if (this.byteCount < 1000) this.text += new TextDecoder().decode(bytes);
  }
  onDrain(): void {
    this.drains += 1;
  }
  onEnd(): void {
    this.#onEnd();
  }
  onClose(error: SocketError | undefined): void {
    this.#onClose(error);
  }
}

function listen(accept: (socket: Socket) => SocketHandler): Listening {
  const listening = bunNet.listen({ host: "127.0.0.1", port: 0, reusePort: false }, accept);
  if (isSocketError(listening)) throw new Error(listening.message);
  open.push(listening);
  return listening;
}

/** A client and a server end that are connected to each other. */
async function pair(): Promise<{ client: Recorder; server: Recorder }> {
  const server = new Recorder();
  const listening = listen((socket) => {
    server.onConnect(socket);
    return server;
  });
  const client = new Recorder();
  bunNet.connect(listening.address, client);
  await Promise.all([client.connected, server.connected]);
  return { client, server };
}

function write(end: Recorder, text: string): number {
  const bytes = new TextEncoder().encode(text);
  return end.socket?.write(bytes, 0, bytes.length) ?? 0;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500) throw new Error("condition did not come true within 5 s");
    await Bun.sleep(10);
  }
}

test("bytes go both ways and both ends know the addresses", async () => {
  const { client, server } = await pair();
  expect(write(client, "ping")).toBe(4);
  await until(() => server.text === "ping");
  write(server, "pong");
  await until(() => client.text === "pong");
  expect(client.socket?.remote).toEqual(server.socket?.local ?? { host: "", port: 0 });
  expect(client.socket?.local).toEqual(server.socket?.remote ?? { host: "", port: 0 });
  client.socket?.close();
});

test("write gives only the range that it is told", async () => {
  const { client, server } = await pair();
  client.socket?.write(new TextEncoder().encode("0123456789"), 3, 6);
  await until(() => server.text === "345");
  client.socket?.close();
});

test("end sends FIN and goes on reading", async () => {
  const { client, server } = await pair();
  client.socket?.end();
  await server.ended;
  write(server, "late");
  await until(() => client.text === "late");
  server.socket?.close();
  expect(await client.closed).toBeUndefined();
});

test("close is told once to each end, without an error", async () => {
  const { client, server } = await pair();
  client.socket?.close();
  expect(await client.closed).toBeUndefined();
  await server.ended;
  server.socket?.close();
  expect(await server.closed).toBeUndefined();
});

test("reset reaches the peer as ECONNRESET", async () => {
  const { client, server } = await pair();
  client.socket?.reset();
  expect((await server.closed)?.code).toBe("ECONNRESET");
});

test("a refused connection is told by onClose with ECONNREFUSED", async () => {
  const listening = listen(() => new Recorder());
  listening.close();
  const client = new Recorder();
  bunNet.connect(listening.address, client);
  expect((await client.closed)?.code).toBe("ECONNREFUSED");
});

test("a cancelled connection stays silent and is closed", async () => {
  const server = new Recorder();
  const listening = listen((socket) => {
    server.onConnect(socket);
    return server;
  });
  const client = new Recorder();
  let told = false;
  client.onConnect = () => {
    told = true;
  };
  bunNet.connect(listening.address, client).cancel();
  await server.closed;
  expect(told).toBe(false);
});

test("a paused reader makes write take less, and onDrain comes after it resumes", async () => {
  const { client, server } = await pair();
  server.socket?.pause();
  const bytes = new Uint8Array(30_000_000);
  const taken = client.socket?.write(bytes, 0, bytes.length) ?? 0;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(bytes.length);
  expect(client.drains).toBe(0);
  server.socket?.resume();
  await until(() => client.drains > 0 && server.byteCount === taken);
  client.socket?.close();
});

test("a port in use is answered with EADDRINUSE, a foreign address with EADDRNOTAVAIL", () => {
  const first = listen(() => new Recorder());
  const second = bunNet.listen({ ...first.address, reusePort: false }, () => new Recorder());
  expect(isSocketError(second) && second.code).toBe("EADDRINUSE");
  const foreign = bunNet.listen(
    { host: "192.0.2.1", port: 0, reusePort: false },
    () => new Recorder(),
  );
  expect(isSocketError(foreign) && foreign.code).toBe("EADDRNOTAVAIL");
});

test("two listeners share a port by reusePort", () => {
  const first = bunNet.listen(
    { host: "127.0.0.1", port: 0, reusePort: true },
    () => new Recorder(),
  );
  if (isSocketError(first)) throw new Error(first.message);
  open.push(first);
  const second = bunNet.listen({ ...first.address, reusePort: true }, () => new Recorder());
  if (isSocketError(second)) throw new Error(second.message);
  open.push(second);
  expect(second.address.port).toBe(first.address.port);
});
