import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { FilterSchema } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Chain, chain, networkOf, withoutOverlaps } from "./chain.ts";

const FILTER = create(FilterSchema, { name: "any" });
const tls = (...sniHosts: string[]): Chain => chain(FILTER, { sniHosts });

test.each([
  ["10.1.2.3/16", "10.1.0.0/16"],
  ["10.0.0.1", "10.0.0.1/32"],
  ["255.255.255.255/1", "128.0.0.0/1"],
  ["1.2.3.4/0", "0.0.0.0/0"],
  ["FE80::1", "fe80::1/128"],
])("networkOf %s is %s", (text, network) => {
  expect(networkOf(text)).toBe(network);
});

test("withoutOverlaps cuts taken server names out of later chains", () => {
  const [first, second, ...rest] = withoutOverlaps([tls("a", "b"), tls("b", "c"), tls("c")]);
  expect([first?.sniHosts, second?.sniHosts, rest]).toEqual([["a", "b"], ["c"], []]);
});

test("withoutOverlaps knows one network in several words", () => {
  const cidrs = (...list: string[]): Chain => chain(FILTER, { cidrs: list });
  const left = withoutOverlaps([cidrs("10.1.0.0/16"), cidrs("10.1.2.3/16", "10.2.0.0/16")]);
  expect(left.map((one) => one.cidrs)).toEqual([["10.1.0.0/16"], ["10.2.0.0/16"]]);
});

test("withoutOverlaps keeps the same name on different networks, and HTTP beside TCP", () => {
  const chains = [
    chain(FILTER, { sniHosts: ["a"], cidrs: ["10.0.0.1"] }),
    chain(FILTER, { sniHosts: ["a"], cidrs: ["10.0.0.2"] }),
    chain(FILTER),
    chain(FILTER, { onlyHttp: true }),
  ];
  expect(withoutOverlaps(chains)).toEqual(chains);
});

test("withoutOverlaps keeps one chain that takes everything", () => {
  expect(withoutOverlaps([chain(FILTER), chain(FILTER, { sniHosts: ["*"] })])).toHaveLength(1);
});
