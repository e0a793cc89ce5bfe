import { expect, test } from "bun:test";
import fc from "fast-check";
import { contentVersion, SetVersion } from "./content-version.ts";

test("contentVersion has 16 digits and does not depend on where the bytes lie", () => {
  const bytes = new Uint8Array([9, 9, 9, 1, 2, 3, 4, 5, 6, 7]);
  expect(contentVersion(bytes.subarray(3))).toBe(contentVersion(bytes.slice(3)));
  expect(contentVersion(bytes)).toMatch(/^[0-9a-f]{16}$/);
});

test("contentVersion differs whenever one bit does, and for every length of zeros", () => {
  const seen = new Set<string>();
  const bytes = new Uint8Array(40);
  for (let bit = 0; bit < 320; bit += 1) {
    bytes[bit >> 3] = 1 << (bit & 7);
    seen.add(contentVersion(bytes));
    bytes[bit >> 3] = 0;
  }
  for (let length = 0; length < 40; length += 1) seen.add(contentVersion(new Uint8Array(length)));
  expect(seen.size).toBe(360);
});

test("contentVersion keeps 200,000 similar texts apart, also in either half", () => {
  const whole = new Set<string>();
  const encoder = new TextEncoder();
  for (let i = 0; i < 200_000; i += 1) {
    whole.add(contentVersion(encoder.encode(`outbound|${i}||reviews.default.svc.cluster.local`)));
  }
  expect(whole.size).toBe(200_000);
  const high = new Set([...whole].map((version) => version.slice(0, 8)));
  const low = new Set([...whole].map((version) => version.slice(8)));
  // 200,000 random 32-bit numbers collide 4.7 times on average.
  expect(high.size).toBeGreaterThan(200_000 - 25);
  expect(low.size).toBeGreaterThan(200_000 - 25);
});

test("SetVersion depends on the members alone, not on order or history", () => {
  const version = fc.stringMatching(/^[0-9a-f]{16}$/);
  fc.assert(
    fc.property(fc.array(version), fc.array(version), (members, passing) => {
      const one = new SetVersion();
      for (const member of members) one.add(member);
      const other = new SetVersion();
      for (const guest of passing) other.add(guest);
      for (const member of members.toReversed()) other.add(member);
      for (const guest of passing) other.remove(guest);
      expect(other.toString()).toBe(one.toString());
      one.add("ffffffffffffffff");
      expect(other.toString()).not.toBe(one.toString());
    }),
  );
});
