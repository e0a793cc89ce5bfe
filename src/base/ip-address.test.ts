import { expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { isInBlock, isIp, isLoopbackHost, parseIp } from "./ip-address.ts";

test.each([
  ["127.0.0.1", true],
  ["0.0.0.0", true],
  ["256.0.0.1", false],
  ["1.2.3", false],
  ["01.2.3.4", false],
  ["localhost", false],
  ["", false],
  ["::", true],
  ["::1", true],
  ["1::", true],
  ["2001:db8::ff00:42:8329", true],
  ["::ffff:10.0.0.1", true],
  ["1:2:3:4:5:6:7:8", true],
  ["1:2:3:4:5:6:7::", true],
  ["1:2:3:4:5:6:7:8::", false],
  ["1::2::3", false],
  ["12345::", false],
  [":", false],
  ["10.0.0.1::", false],
  ["fe80::1%eth0", false],
])("isIp %j is %p", (text, expected) => {
  expect(isIp(text)).toBe(expected);
});

test.each([
  ["127.0.1.5", "127.0.0.0", 8, true],
  ["128.0.1.5", "127.0.0.0", 8, false],
  ["10.0.0.129", "10.0.0.128", 25, true],
  ["10.0.0.127", "10.0.0.128", 25, false],
  ["10.0.0.1", "0.0.0.0", 0, true],
  ["10.0.0.1", "10.0.0.1", 32, true],
  ["::1", "::", 127, true],
  ["::1", "0.0.0.0", 0, false],
])("%s in %s/%d: %p", (address, block, length, expected) => {
  const [a, b] = [parseIp(address), parseIp(block)];
  if (a === undefined || b === undefined) throw new Error("bad row");
  expect(isInBlock(a, b, length)).toBe(expected);
});

test("parseIp agrees with the runtime", () => {
  const piece = fc.constantFrom(
    "",
    "0",
    "1",
    "ff",
    "255",
    "256",
    "00",
    "abcd",
    "12345",
    "1.2.3.4",
    "g",
  );
  const text = fc
    .array(piece, { maxLength: 9 })
    .chain((parts) => fc.constantFrom(parts.join(":"), parts.join(".")));
  fc.assert(
    fc.property(text, (t) => expect(isIp(t)).toBe(isIP(t) !== 0)),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (t) => expect(isIp(t)).toBe(true)));
});

test.each<[string, boolean]>([
  ["127.0.0.1", true],
  ["127.240.3.4", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["localhost", true],
  ["128.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["::2", false],
  ["1::1", false],
  ["127.0.0.1.example.com", false],
  ["", false],
])("%j is loopback: %p", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
