// A downstream client that sends the bytes it is told to, and writes down what came back and how the connection ended.
import { connect, type Socket } from "node:net";
import { closesConnection, isInformational, readResponses, type WireMessage } from "./wire.ts";

/** What a client does, in order: a string is sent as it stands (latin1). */
export type ClientStep =
  | string
  /** Waits until so many final responses are complete. */
  | { readonly untilResponses: number }
  /** Waits until this text came. */
  | { readonly untilText: string }
  | { readonly waitMs: number }
  /** Half close: FIN, reading goes on. */
  | "FIN"
  | "RST";

export interface Exchange {
  readonly localPort: number;
  readonly messages: readonly WireMessage[];
  /** Bytes after the last message that are no message. */
  readonly rest: string;
  readonly problem: string | undefined;
  /** kept: still open a moment after the last response. silent: the expected responses did not come in time. */
  readonly ending: "kept" | "closed" | "reset" | "silent";
}

/** A connection that is kept must stay open for so long. Shorter than any timer in the tests' configurations. */
const KEPT_MS = 20;

export class Client {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  #hasEnded = false;
  #wasReset = false;
  #isClosed = false;
  #wake: () => void = () => undefined;
  localPort = 0;

  /** Also serves at the other end: `new Client(socket)` of an accepted connection. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received.push(bytes);
      this.#wake();
    });
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#wasReset ||= error.code === "ECONNRESET" || error.code === "EPIPE";
    });
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static connect(host: string, port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, allowHalfOpen: true });
      const client = new Client(socket);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.setNoDelay(true);
        socket.off("error", reject);
        client.localPort = socket.localPort ?? 0;
        resolve(client);
      });
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  get hasEnded(): boolean {
    return this.#hasEnded || this.#isClosed;
  }

  get wasReset(): boolean {
    return this.#wasReset;
  }

  /** Until `condition` holds or time is up; says whether it holds. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = performance.now() + limitMs;
    while (!condition()) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  write(text: string): void {
    if (!this.#isClosed) this.#socket.write(Buffer.from(text, "latin1"));
  }

  async step(step: ClientStep, methods: readonly string[], limitMs: number): Promise<void> {
    if (step === "FIN") this.#socket.end();
    else if (step === "RST") this.#socket.resetAndDestroy();
    else if (typeof step === "string") this.write(step);
    else if ("waitMs" in step) await Bun.sleep(step.waitMs);
    else if ("untilText" in step) {
      const { untilText } = step;
      await this.until(() => this.received.includes(untilText) || this.hasEnded, limitMs);
    } else {
      const wanted = step.untilResponses;
      await this.until(() => this.#finals(methods) >= wanted || this.hasEnded, limitMs);
    }
  }

  #finals(methods: readonly string[]): number {
    const { messages } = readResponses(this.received, methods, this.hasEnded);
    return messages.filter((m) => m.isComplete && !isInformational(m)).length;
  }

  /** Reads on until `responseCount` final responses are there, then looks whether the connection stays. */
  async finish(
    methods: readonly string[],
    responseCount: number,
    limitMs: number,
  ): Promise<Exchange> {
    const cameInTime = await this.until(
      () => this.#finals(methods) >= responseCount || this.hasEnded,
      limitMs,
    );
    const last = readResponses(this.received, methods, this.hasEnded).messages.at(-1);
    if (cameInTime && !this.hasEnded) {
      const waitMs = last !== undefined && closesConnection(last) ? limitMs : KEPT_MS;
      await this.until(() => this.hasEnded, waitMs);
    }
    const { messages, end, problem } = readResponses(this.received, methods, this.hasEnded);
    const ending = this.#ending(cameInTime);
    await this.close();
    const isCut = messages.at(-1)?.isComplete === false;
    return {
      localPort: this.localPort,
      messages,
      rest: isCut ? "" : this.received.toString("latin1", end),
      problem,
      ending,
    };
  }

  #ending(cameInTime: boolean): Exchange["ending"] {
    if (this.#wasReset) return "reset";
    if (this.hasEnded) return "closed";
    return cameInTime ? "kept" : "silent";
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#socket.end();
    if (this.#hasEnded) {
      await this.until(() => this.#isClosed, 200);
    }
    this.#socket.destroy();
  }
}
