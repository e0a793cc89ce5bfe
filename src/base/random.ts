// The random port, and the seeded generator that makes a run repeatable.

export interface Random {
  /** A uniform integer in 0 … 2^32-1. */
  u32(): number;
}

/** A uniform integer in 0 … `bound`-1; `bound` is in 1 … 2^32. */
export function below(random: Random, bound: number): number {
  // Multiply and shift keeps the bias under bound / 2^32, without the division of a modulo.
  return Math.floor((random.u32() / 0x1_0000_0000) * bound);
}

/** A uniform double in [0, 1). */
export function fraction(random: Random): number {
  return random.u32() / 0x1_0000_0000;
}

/**
 * The generator sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes PractRand and BigCrush.
 * The same seed gives the same numbers on every machine. Not for secrets.
 */
export function createSeededRandom(seed: number): Random {
  let a = 0;
  let b = seed | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const u32 = (): number => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  for (let round = 0; round < 15; round += 1) u32();
  return { u32 };
}
