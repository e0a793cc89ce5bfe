// One worker's taps: which tap filters there are, by config id, and who looks on at them.

import type { TapConfig } from "../config/tap-config.ts";
import { MAX_TRACES_PER_SECOND } from "./limits.ts";
import { TapMatcher } from "./tap-matcher.ts";

/** Where a tap's requests go. */
export interface TraceSink {
  /** `dropped`: how many that matched were left out since the last call. */
  onTrace(text: string, dropped: number): void;
}

/** Somebody who looks on. */
export class Tap {
  readonly id: number;
  readonly config: TapConfig;
  readonly matcher: TapMatcher;
  readonly hasDetails: boolean;
  readonly #sink: TraceSink;
  #second = -1;
  #shownInSecond = 0;
  #dropped = 0;

  constructor(id: number, config: TapConfig, hasDetails: boolean, sink: TraceSink) {
    this.id = id;
    this.config = config;
    this.matcher = new TapMatcher(config.predicate);
    this.hasDetails = hasDetails;
    this.#sink = sink;
  }

  /** Whether there is room for one more in this second; if not, it is counted as left out. */
  hasRoom(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#shownInSecond = 0;
    }
    if (this.#shownInSecond >= MAX_TRACES_PER_SECOND) {
      this.#dropped += 1;
      return false;
    }
    this.#shownInSecond += 1;
    return true;
  }

  show(text: string): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#sink.onTrace(text, dropped);
  }
}

const NOBODY: readonly Tap[] = [];

/** All tap filters of one config id. */
export interface TapSource {
  /** Who looks on now: nobody, nearly always. A new list with each change, so that it may be kept while it is walked. */
  taps: readonly Tap[];
}

export class TapRegistry {
  readonly #sources = new Map<string, TapSource>();

  /** For a filter: it is known under `configId` from now on. As many as configurations have named. */
  source(configId: string): TapSource {
    let source = this.#sources.get(configId);
    if (source === undefined) {
      source = { taps: NOBODY };
      this.#sources.set(configId, source);
    }
    return source;
  }

  has(configId: string): boolean {
    return this.#sources.has(configId);
  }

  attach(tap: Tap): void {
    const source = this.source(tap.config.configId);
    source.taps = [...source.taps, tap];
  }

  detach(id: number): void {
    for (const source of this.#sources.values()) {
      if (!source.taps.some((tap) => tap.id === id)) continue;
      const rest = source.taps.filter((tap) => tap.id !== id);
      source.taps = rest.length === 0 ? NOBODY : rest;
    }
  }
}
