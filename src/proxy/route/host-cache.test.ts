import { expect, test } from "bun:test";
import fc from "fast-check";
import { HostCache } from "./host-cache.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a value comes back for the same bytes, wherever they lie", () => {
  const cache = new HostCache<number>();
  cache.put(bytesOf("xxa.exampleyy"), 2, 11, 1);
  expect(cache.get(bytesOf("a.example"), 0, 9)).toBe(1);
  expect(cache.get(bytesOf("A.example"), 0, 9)).toBeUndefined();
  expect(cache.get(bytesOf("a.exampl"), 0, 8)).toBeUndefined();
});

test("what was put may be forgotten, but never mistaken", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[ab]{0,3}\.[ab]{0,9}$/), { maxLength: 300 }),
      (hosts) => {
        const cache = new HostCache<string>();
        for (const host of hosts) {
          const bytes = bytesOf(host);
          expect([undefined, host]).toContain(cache.get(bytes, 0, bytes.length));
          cache.put(bytes, 0, bytes.length, host);
          expect(cache.get(bytes, 0, bytes.length)).toBe(host);
        }
      },
    ),
  );
});

test("the cache keeps its own copy, and no endless hosts", () => {
  const cache = new HostCache<number>();
  const bytes = bytesOf("abc");
  cache.put(bytes, 0, 3, 1);
  bytes[0] = 120;
  expect(cache.get(bytesOf("abc"), 0, 3)).toBe(1);
  const long = bytesOf("a".repeat(256));
  cache.put(long, 0, 256, 2);
  expect(cache.get(long, 0, 256)).toBeUndefined();
});
