// Names are looked up by worker 0 alone, and it tells the others: N workers are no N times the questions, all have the same hosts,
// and a cluster is warm in each before a route that needs it arrives.
import type { Dns, Resolution } from "#base/dns.ts";

/** Worker 0's: tells every answer before its own clusters hear it. */
export function tellingDns(
  dns: Dns,
  tell: (hostname: string, resolution: Resolution) => void,
): Dns {
  return {
    resolve: async (hostname) => {
      const resolution = await dns.resolve(hostname);
      tell(hostname, resolution);
      return resolution;
    },
  };
}

/** Names that clusters may wait for, or have not yet asked about again: far more than a proxy has. */
const MAX_NAMES = 10_000;

/**
 * Another worker's: asks nobody. Its clusters are those of worker 0 and ask for the same names at about the same times; an answer
 * that comes first is kept for the question, a question that comes first waits for the answer.
 */
export class ToldDns implements Dns {
  readonly #unread = new Map<string, Resolution>();
  readonly #waiting = new Map<string, ((resolution: Resolution) => void)[]>();

  resolve(hostname: string): Promise<Resolution> {
    const unread = this.#unread.get(hostname);
    if (unread !== undefined) {
      this.#unread.delete(hostname);
      return Promise.resolve(unread);
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(hostname);
      if (waiting !== undefined) {
        waiting.push(resolve);
        return;
      }
      this.#waiting.set(hostname, [resolve]);
      this.#forgetOldest();
    });
  }

  handleAnswer(hostname: string, resolution: Resolution): void {
    const waiting = this.#waiting.get(hostname);
    if (waiting !== undefined) {
      this.#waiting.delete(hostname);
      for (const resolve of waiting) resolve(resolution);
      return;
    }
    this.#unread.delete(hostname);
    this.#unread.set(hostname, resolution);
    this.#forgetOldest();
  }

  /** Names of clusters that are gone are never asked for, or answered, again. */
  #forgetOldest(): void {
    for (const [hostname, waiting] of this.#waiting) {
      if (this.#waiting.size <= MAX_NAMES) break;
      this.#waiting.delete(hostname);
      for (const resolve of waiting) resolve({ kind: "failed", reason: "no answer came" });
    }
    for (const hostname of this.#unread.keys()) {
      if (this.#unread.size <= MAX_NAMES) break;
      this.#unread.delete(hostname);
    }
  }
}
