import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { computePriorityShares, type PriorityCounts } from "./priority-load.ts";

/** "healthy+degraded-excluded/total" of each priority. */
function counts(text: string): PriorityCounts[] {
  return text.split(" ").map((part) => {
    const match = /^(\d+)(?:\+(\d+))?(?:-(\d+))?\/(\d+)$/.exec(part);
    const [healthy, degraded, excluded, total] = [1, 2, 3, 4].map((i) => Number(match?.[i] ?? 0));
    return { healthy, degraded, excluded, total } as PriorityCounts;
  });
}

/** "load" or "load+degraded load" of each priority, with "!" in panic. */
function shares(text: string, panicPercent: number, factor = 140): string {
  return computePriorityShares(counts(text), factor, panicPercent)
    .map(
      ({ healthyPercent, degradedPercent, isPanic }) =>
        `${healthyPercent}${degradedPercent > 0 ? `+${degradedPercent}` : ""}${isPanic ? "!" : ""}`,
    )
    .join(" ");
}

describe("computePriorityShares", () => {
  // The first block is the table of Envoy's documentation on priority levels; then its tables on panic; then corners.
  test.each([
    ["100/100 100/100", 50, "100 0"],
    ["72/100 72/100", 50, "100 0"],
    ["71/100 71/100", 50, "99 1"],
    ["50/100 50/100", 50, "70 30"],
    ["25/100 100/100", 50, "35 65"],
    ["25/100 25/100", 0, "50 50"],
    ["5/100 100/100 100/100", 50, "7 93 0"],

    ["25/100 25/100", 50, "50! 50!"],
    ["5/100 65/100", 50, "8! 92"],
    ["0/100 40/100", 50, "50! 50!"],
    ["0/10 0/10", 50, "50! 50!"],
    ["0/1 0/2", 50, "34! 66!"],
    ["0/10 0/10", 0, "100 0"],
    ["0/0 0/0", 50, "100! 0!"],
    ["0/0", 0, "100"],

    ["1/1", 50, "100"],
    ["0/0 1/1", 50, "0 100"],
    ["1/3 1/3 1/3", 50, "46 46 8"],
    // Seen on Envoy 1.40: of 5 hosts one healthy, one degraded, two failed, one draining: half and half, no panic.
    ["1+1-1/5", 50, "50+50"],
    ["70+30/100", 50, "98+2"],
    ["0+10/10", 50, "0+100"],
    ["0-3/3", 50, "100!"],
    ["2-2/4", 50, "100"],
  ] as const)("%s at a panic threshold of %d is %s", (given, panicPercent, expected) => {
    expect(shares(given, panicPercent)).toBe(expected);
  });

  test("overprovisions by its factor", () => {
    expect(shares("50/100 100/100", 50, 100)).toBe("50 50");
    expect(shares("50/100 100/100", 50, 200)).toBe("100 0");
  });

  test("always gives out exactly 100 percent", () => {
    const priority = fc
      .tuple(fc.nat(40), fc.nat(40), fc.nat(40), fc.nat(40))
      .map(([healthy, degraded, excluded, other]) => ({
        healthy,
        degraded,
        excluded,
        total: healthy + degraded + excluded + other,
      }));
    fc.assert(
      fc.property(
        fc.array(priority, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 100, max: 300 }),
        fc.integer({ min: 0, max: 100 }),
        (given, factor, panicPercent) => {
          const all = computePriorityShares(given, factor, panicPercent);
          const sum = all.reduce((s, share) => s + share.healthyPercent + share.degradedPercent, 0);
          expect(sum).toBe(100);
          expect(
            all.every((share) => share.healthyPercent >= 0 && share.degradedPercent >= 0),
          ).toBe(true);
        },
      ),
    );
  });
});
