// A steady load: a few connections kept alive, each with one request after another, and a record of every answer.
import { Connection, type Target } from "./connection.ts";

export interface Sample {
  /** When it was sent, by performance.now(). */
  readonly sentMs: number;
  /** The version of reviews that answered; "" when the answer names none. */
  readonly version: string;
  /** Why the request counts as failed: another status than 200, or no answer. */
  readonly failure: string | undefined;
}

export interface LoadOptions {
  readonly target: Target;
  readonly path: string;
  readonly connections: number;
  /** Between an answer and the next request of its connection: the machine has other work too. */
  readonly pauseMs: number;
}

/** `"version":"v2"` in the body of an answer. */
export function versionOf(body: string): string {
  return /"version":\s*"(\w+)"/.exec(body)?.[1] ?? "";
}

export class Load {
  readonly #options: LoadOptions;
  readonly #samples: Sample[] = [];
  readonly #workers: Promise<void>[];
  #isRunning = true;
  #taken = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.connections }, () => this.#work());
  }

  /** What was answered since the last call. */
  take(): readonly Sample[] {
    const samples = this.#samples.slice(this.#taken);
    this.#taken = this.#samples.length;
    return samples;
  }

  /** The first `count` requests that are answered of those sent after `sinceMs`; waits for them. */
  async sample(count: number, sinceMs: number): Promise<readonly Sample[]> {
    for (;;) {
      const later = this.#samples.filter(({ sentMs }) => sentMs >= sinceMs);
      if (later.length >= count) return later.slice(0, count);
      await Bun.sleep(10);
    }
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    const { target, path, pauseMs } = this.#options;
    let connection: Connection | undefined;
    while (this.#isRunning) {
      const sentMs = performance.now();
      try {
        if (connection?.isOpen !== true) connection = await Connection.open(target);
        const { status, body } = await connection.send({ path });
        const failure = status === 200 ? undefined : `status ${status}: ${body.slice(0, 100)}`;
        this.#samples.push({ sentMs, version: versionOf(body), failure });
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        this.#samples.push({ sentMs, version: "", failure });
      }
      await Bun.sleep(pauseMs);
    }
    connection?.close();
  }
}
