import { expect, test } from "bun:test";
import fc from "fast-check";
import { hostWithPort, outboundCluster, parseOutboundCluster, parsePort } from "./names.ts";

test("parseOutboundCluster takes apart what outboundCluster puts together", () => {
  const word = fc.stringMatching(/^[a-z0-9.*-]{1,20}$/);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65535 }),
      fc.option(word, { nil: "" }),
      word,
      (port, subset, hostname) => {
        expect(parseOutboundCluster(outboundCluster(port, subset, hostname))).toEqual({
          port,
          subset,
          hostname,
        });
      },
    ),
  );
});

test("parseOutboundCluster refuses anything else", () => {
  for (const name of [
    "",
    "a",
    "inbound|80||",
    "outbound|80||",
    "outbound|0||a",
    "outbound|80||a|b",
    "outbound|80x||a",
    "outbound|65536||a",
  ]) {
    expect(parseOutboundCluster(name)).toBeUndefined();
  }
});

test.each([
  ["1", 1],
  ["65535", 65535],
  ["0", undefined],
  ["65536", undefined],
  ["080", undefined],
  ["8 0", undefined],
  ["", undefined],
])("parsePort %j", (text, port) => {
  expect(parsePort(text)).toBe(port);
});

test("hostWithPort puts IPv6 in brackets", () => {
  expect(hostWithPort("::1", 80)).toBe("[::1]:80");
  expect(hostWithPort("reviews", 80)).toBe("reviews:80");
});
