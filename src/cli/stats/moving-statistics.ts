// Statistics seen again and again: how fast each moves, and which ever did since the first look.

export interface MovingStatistic {
  readonly name: string;
  readonly value: number;
  /** Since the look before this one; undefined at the first. Falls below zero where a gauge falls, or a counter was reset. */
  readonly perSecond: number | undefined;
}

export class MovingStatistics {
  #last: ReadonlyMap<string, number> | undefined;
  #lastMs = 0;
  readonly #moved = new Set<string>();

  /** `values` as they are at `nowMs`. With `isChangedOnly` those that have moved since the first look. */
  look(
    values: Readonly<Record<string, number>>,
    nowMs: number,
    isChangedOnly: boolean,
  ): readonly MovingStatistic[] {
    const now = new Map(Object.entries(values));
    const last = this.#last;
    const seconds = (nowMs - this.#lastMs) / 1000;
    const statistics = [...now].map(([name, value]): MovingStatistic => {
      // What was not there before, because it was never used, has moved from nothing.
      const by = last === undefined ? 0 : value - (last.get(name) ?? 0);
      if (by !== 0) this.#moved.add(name);
      const isKnown = last !== undefined && seconds > 0;
      return { name, value, perSecond: isKnown ? by / seconds : undefined };
    });
    // A statistic that is gone is forgotten, so that a watch of days holds no more than the proxy does.
    for (const name of this.#moved) if (!now.has(name)) this.#moved.delete(name);
    this.#last = now;
    this.#lastMs = nowMs;
    return isChangedOnly ? statistics.filter(({ name }) => this.#moved.has(name)) : statistics;
  }
}
