// A plain HTTP/1.1 connection to a mesh: no proxy from the environment, no retry, no pool; what fails is told.
import { readResponses, statusOf } from "../../differential/harness/wire.ts";

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** From the request to the last byte of the answer. */
  readonly tookMs: number;
}

export interface Request {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** No request of these tests takes longer but by mistake: the slowest is delayed by 7 s. */
const LIMIT_MS = 12_000;

interface Waiting {
  readonly sentMs: number;
  readonly timer: Timer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Connection {
  readonly #target: Target;
  #socket: Bun.Socket<undefined> | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;
  #isClosed = false;

  private constructor(target: Target) {
    this.#target = target;
  }

  static async open(target: Target): Promise<Connection> {
    const made = new Connection(target);
    made.#socket = await Bun.connect({
      hostname: target.host,
      port: target.port,
      socket: {
        data: (_socket, bytes) => made.#receive(bytes),
        close: () => made.#lost("closed"),
        end: (socket) => {
          made.#lost("closed by the peer");
          socket.end();
        },
        error: (_socket, error) => made.#lost(error.message),
      },
    });
    return made;
  }

  /** False: the peer closed it, the next request needs a new one. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** One at a time. Rejects when the connection ends before the whole answer is there. */
  send({ method = "GET", path, headers = {} }: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lost(`no answer within ${LIMIT_MS} ms`), LIMIT_MS);
      this.#waiting = { sentMs: performance.now(), timer, resolve, reject };
      if (this.#isClosed || this.#socket === undefined) {
        this.#lost("not open");
        return;
      }
      const all = { host: `${this.#target.host}:${this.#target.port}`, ...headers };
      const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
      this.#socket.write(`${method} ${path} HTTP/1.1\r\n${fields.join("")}\r\n`);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.end();
  }

  #receive(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    const { messages, end } = readResponses(this.#received, [], false);
    const [message] = messages;
    if (message === undefined || !message.isComplete) return;
    this.#received = this.#received.subarray(end);
    const waiting = this.#taken(); // before the close, which Bun reports at once
    if (/^connection: close$/im.test(message.head)) this.close();
    waiting?.resolve({
      status: statusOf(message),
      head: message.head,
      body: Buffer.from(message.body, "latin1").toString("utf8"),
      tookMs: performance.now() - waiting.sentMs,
    });
  }

  #lost(why: string): void {
    this.#isClosed = true;
    this.#taken()?.reject(new Error(`${this.#target.host}:${this.#target.port}: ${why}`));
  }

  #taken(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    return waiting;
  }
}

/** One request without a body on a connection of its own. */
export async function send(target: Target, request: Request): Promise<Answer> {
  const connection = await Connection.open(target);
  try {
    return await connection.send({
      ...request,
      headers: { ...request.headers, connection: "close" },
    });
  } finally {
    connection.close();
  }
}

export function get(
  target: Target,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(target, { path, headers });
}
