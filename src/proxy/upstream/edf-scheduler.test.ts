import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { below, createSeededRandom } from "#base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";

interface Entry {
  readonly name: string;
  weight: number;
}

const weightOf = (entry: Entry): number => entry.weight;

function entriesOf(weights: readonly number[]): Entry[] {
  return weights.map((weight, index) => ({ name: String.fromCharCode(97 + index), weight }));
}

function picks(scheduler: EdfScheduler<Entry>, count: number): string {
  return Array.from({ length: count }, () => scheduler.pick()?.name ?? "-").join("");
}

describe("EdfScheduler", () => {
  test("picks nothing of nothing", () => {
    const scheduler = new EdfScheduler<Entry>([], weightOf, 17);
    expect(scheduler.pick()).toBeUndefined();
  });

  // Deadlines: a 1, 2, …; b 0.5, 1, …; c 1/3, 2/3, 1, …; at 1 all three are due, and a has waited longest.
  test("spreads weights 1:2:3 as evenly as they allow, with period 6", () => {
    const scheduler = new EdfScheduler(entriesOf([1, 2, 3]), weightOf, 0);
    expect(picks(scheduler, 12)).toBe("cbcabccbcabc");
  });

  test("picks equal weights in turn", () => {
    const scheduler = new EdfScheduler(entriesOf([7, 7, 7]), weightOf, 0);
    expect(picks(scheduler, 7)).toBe("abcabca");
  });

  test("reads the weight again at each pick", () => {
    const entries = entriesOf([1, 1]);
    const scheduler = new EdfScheduler(entries, weightOf, 0);
    expect(picks(scheduler, 2)).toBe("ab");
    const [a] = entries;
    if (a !== undefined) a.weight = 3;
    const counts = picks(scheduler, 400).split("a").length - 1;
    expect(counts).toBeGreaterThanOrEqual(299);
    expect(counts).toBeLessThanOrEqual(301);
  });

  // Weights 25 and 75 after 23 picks: without care 6/25 and 18/75 differ in the last bit, and the order turns around.
  test("starts as if that many picks had been made, also where sums of fractions round", () => {
    const walked = new EdfScheduler(entriesOf([25, 75]), weightOf, 0);
    picks(walked, 23);
    const jumped = new EdfScheduler(entriesOf([25, 75]), weightOf, 23);
    expect(picks(jumped, 8)).toBe(picks(walked, 8));
  });

  test("starts as if that many picks had been made, but for the order of those due at the same time", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 500 }), (given, initialPicks) => {
        const entries = entriesOf(given);
        const walked = new EdfScheduler(entries, weightOf, 0);
        const before = picks(walked, initialPicks);
        const jumped = new EdfScheduler(entries, weightOf, initialPicks);
        const total = given.reduce((sum, weight) => sum + weight, 0);
        const [round, other] = [picks(jumped, total), picks(walked, total)];
        for (const { name, weight } of entries) {
          const count = (text: string): number => text.split(name).length - 1;
          // At either end of the round, one of those due at the same time may be on the other side.
          expect(Math.abs(count(round) - count(other))).toBeLessThanOrEqual(2);
          // At time T an entry had floor(T * weight) picks, so all had more than T * total - n.
          const ahead = count(before) + count(round) - ((initialPicks + total) * weight) / total;
          expect(ahead).toBeLessThan((entries.length * weight) / total + 1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("is never more than one pick per entry away from exact proportion", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 600 }), (given, count) => {
        const entries = entriesOf(given);
        const picked = picks(new EdfScheduler(entries, weightOf, 0), count);
        const total = given.reduce((sum, weight) => sum + weight, 0);
        for (const { name, weight } of entries) {
          const times = picked.split(name).length - 1;
          expect(Math.abs(times - (count * weight) / total)).toBeLessThan(entries.length + 1);
        }
      }),
    );
  });

  test("survives an enormous start without walking it", () => {
    const random = createSeededRandom(3);
    const weights = Array.from({ length: 1000 }, () => 1 + below(random, 0xffff_ffff));
    const scheduler = new EdfScheduler(entriesOf(weights), weightOf, 0xffff_ffff);
    expect(scheduler.pick()).toBeDefined();
  });
});
