import { expect, test } from "bun:test";
import { below, createSeededRandom, fraction } from "./random.ts";

test("createSeededRandom repeats itself under one seed and differs under another", () => {
  const draw = (seed: number): number[] => {
    const random = createSeededRandom(seed);
    return Array.from({ length: 8 }, () => random.u32());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test("below is uniform within chance", () => {
  const random = createSeededRandom(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i += 1) {
    const slot = below(random, 10);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  const chiSquare = counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  expect(chiSquare).toBeLessThan(27.9); // p = 0.001 at 9 degrees of freedom
});

test("fraction stays in [0, 1)", () => {
  const random = createSeededRandom(2);
  for (let i = 0; i < 10_000; i += 1) {
    const value = fraction(random);
    expect(value >= 0 && value < 1).toBe(true);
  }
});
