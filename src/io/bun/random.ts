// Real randomness: the operating system's, drawn in blocks so that one number costs no call.
import type { Random } from "#base/random.ts";

const BLOCK_COUNT = 1024;

export function createSystemRandom(): Random {
  const block = new Uint32Array(BLOCK_COUNT);
  let next = BLOCK_COUNT;
  return {
    u32: () => {
      if (next === BLOCK_COUNT) {
        crypto.getRandomValues(block);
        next = 0;
      }
      const value = block[next] ?? 0;
      next += 1;
      return value;
    },
  };
}
