// Choices of a seeded generator, in words.
import { below, createSeededRandom, fraction, type Random } from "#base/random.ts";

export class Dice {
  readonly random: Random;

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
  }

  /** `low` … `high`, both included. */
  between(low: number, high: number): number {
    return low + below(this.random, high - low + 1);
  }

  chance(odds: number): boolean {
    return fraction(this.random) < odds;
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[below(this.random, items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** Each of the items with these odds, in their order. */
  some<T>(items: readonly T[], odds: number): T[] {
    return items.filter(() => this.chance(odds));
  }

  /** `{}` or the fields, with these odds. */
  maybe<T extends object>(odds: number, fields: () => T): T | Record<string, never> {
    return this.chance(odds) ? fields() : {};
  }
}
