import { expect, test } from "bun:test";
import fc from "fast-check";
import { allocateVirtualAddresses } from "./virtual-addresses.ts";

const NONE: ReadonlySet<string> = new Set();
const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `svc-${i}.default.svc.cluster.local`);

test("addresses are unique, within 127.240.0.0/16, and never its first or last", () => {
  const addresses = [...allocateVirtualAddresses(hosts(20_000), NONE).values()];
  expect(new Set(addresses).size).toBe(20_000);
  for (const address of addresses) expect(address).toMatch(/^127\.240\.\d+\.\d+$/);
  expect(addresses).not.toContain("127.240.0.0");
  expect(addresses).not.toContain("127.240.255.255");
});

test("the order in which hosts are named does not matter, nor does naming one twice", () => {
  fc.assert(
    fc.property(fc.array(fc.domain(), { maxLength: 20 }), (names) => {
      const forwards = allocateVirtualAddresses(names, NONE);
      const backwards = allocateVirtualAddresses([...names, ...names].reverse(), NONE);
      expect(new Map(backwards)).toEqual(new Map(forwards));
    }),
  );
});

test("of 1,000 hosts next to none moves when one comes or goes", () => {
  const all = hosts(1000);
  const before = allocateVirtualAddresses(all, NONE);
  let moved = 0;
  for (const gone of all.slice(0, 100)) {
    const after = allocateVirtualAddresses(
      all.filter((host) => host !== gone),
      NONE,
    );
    for (const [host, address] of after) if (before.get(host) !== address) moved += 1;
  }
  expect(moved).toBeLessThan(10); // of 99,900
});

test("an address that a user took is left alone", () => {
  const [address = ""] = allocateVirtualAddresses(["a.com"], NONE).values();
  const [other = ""] = allocateVirtualAddresses(["a.com"], new Set([address])).values();
  expect(other).not.toBe(address);
});

test("when the block is full the rest goes without, and nothing hangs", () => {
  const addresses = allocateVirtualAddresses(hosts(65_600), NONE);
  expect(addresses.size).toBe(65_534);
});
