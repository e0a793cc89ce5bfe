// A scripted origin server on raw TCP: answers each request with the bytes it is told to, and keeps what it received.
import { createServer, type Server, type Socket } from "node:net";
import { readRequests, type WireMessage } from "./wire.ts";

/** What the origin does with one request: a string is sent as it stands (latin1). */
export type OriginStep =
  | string
  | { readonly waitMs: number }
  /** Waits until the proxy closed or reset the connection. */
  | "untilClosed"
  | "FIN"
  | "RST";

export interface OriginScript {
  /** connect: as soon as the connection is there. head: after the request's head. end (default): after its last byte. */
  readonly at?: "connect" | "head" | "end";
  readonly steps: readonly OriginStep[];
}

export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const ANSWER_OK: OriginScript = { steps: [OK] };

class OriginConnection {
  readonly socket: Socket;
  readonly #origin: Origin;
  /** Bytes since the last message that was counted. */
  #pending: Buffer = Buffer.alloc(0);
  #busy = false;
  #hasSeenHead = false;
  isClosed = false;
  closed: Promise<void>;

  constructor(socket: Socket, origin: Origin) {
    this.socket = socket;
    this.#origin = origin;
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        origin.connections.delete(this);
        resolve();
      });
    });
    socket.setNoDelay(true);
    socket.on("error", () => undefined); // a reset is one of the things that are tested
    socket.on("end", () => {
      this.#receive(Buffer.alloc(0), true);
      if (!this.#busy) socket.end();
    });
    socket.on("data", (bytes: Buffer) => this.#receive(bytes, false));
    if (origin.peek()?.at === "connect") this.#perform(origin.take());
  }

  #receive(bytes: Buffer, hasEnded: boolean): void {
    this.#origin.byteCount += bytes.length;
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (this.#busy) return;
    const isHeadThere = this.#pending.includes("\r\n\r\n");
    if (isHeadThere && !this.#hasSeenHead && this.#origin.peek()?.at === "head") {
      this.#hasSeenHead = true;
      this.#perform(this.#origin.take());
      return;
    }
    const { messages, end, problem } = readRequests(this.#pending, hasEnded);
    const message = messages[0];
    if (problem !== undefined && isHeadThere) this.#origin.problems.push(problem);
    if (message === undefined || !(message.isComplete || message.framing === "tunnel")) return;
    this.#pending = this.#pending.subarray(message.isComplete ? end : this.#pending.length);
    this.#origin.requests.push(message);
    this.#perform(this.#origin.take());
  }

  #perform(script: OriginScript): void {
    this.#busy = true;
    void this.#run(script).then(() => {
      this.#busy = false;
      if (this.#hasSeenHead || script.at === "connect") {
        this.#hasSeenHead = false;
        this.#note();
      }
      if (this.#pending.length > 0 && !this.isClosed) this.#receive(Buffer.alloc(0), false);
    });
  }

  /** What came of a request that was answered before it was complete. */
  #note(): void {
    const { messages, end } = readRequests(this.#pending, this.isClosed);
    const message = messages[0];
    if (message === undefined) return;
    this.#origin.requests.push(message);
    this.#pending = this.#pending.subarray(message.isComplete ? end : this.#pending.length);
  }

  async #run(script: OriginScript): Promise<void> {
    for (const step of script.steps) {
      if (step === "FIN") {
        this.socket.end();
        await Promise.race([this.closed, Bun.sleep(500)]);
      } else if (step === "RST") {
        this.socket.resetAndDestroy();
        await this.closed;
      } else if (step === "untilClosed") {
        await Promise.race([this.closed, Bun.sleep(3000)]);
      } else if (typeof step === "string") {
        if (!this.isClosed) this.socket.write(Buffer.from(step, "latin1"));
      } else {
        await Bun.sleep(step.waitMs);
      }
    }
  }
}

export class Origin {
  readonly #server: Server;
  #scripts: OriginScript[] = [];
  #last: OriginScript = ANSWER_OK;
  readonly connections: Set<OriginConnection> = new Set();
  /** Complete requests since the last `expect`, in the order in which they came; and those that were answered early. */
  requests: WireMessage[] = [];
  problems: string[] = [];
  /** Connections since the last `expect`. */
  connectionCount = 0;
  byteCount = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static listen(host: string, port: number): Promise<Origin> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true });
      const origin = new Origin(server);
      server.on("connection", (socket) => {
        origin.connectionCount += 1;
        origin.connections.add(new OriginConnection(socket, origin));
      });
      server.once("error", reject);
      server.listen(port, host, () => resolve(origin));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** The i-th request from now on is met by the i-th script, all further ones by the last; none: 200 "ok". */
  expect(scripts: readonly OriginScript[]): void {
    this.#scripts = [...scripts];
    this.#last = scripts.at(-1) ?? ANSWER_OK;
    this.requests = [];
    this.problems = [];
    this.connectionCount = 0;
    this.byteCount = 0;
  }

  peek(): OriginScript | undefined {
    return this.#scripts[0] ?? this.#last;
  }

  take(): OriginScript {
    return this.#scripts.shift() ?? this.#last;
  }

  /** Ends all idle connections, so that the next case starts without any. */
  async closeConnections(): Promise<void> {
    await Promise.all(
      [...this.connections].map(async (connection) => {
        connection.socket.end();
        await Promise.race([connection.closed, Bun.sleep(300)]);
        connection.socket.destroy();
      }),
    );
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
