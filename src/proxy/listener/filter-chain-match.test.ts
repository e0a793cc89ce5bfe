// The order of criteria and what beats what, as Envoy documents FilterChainMatch.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FilterChainMatch } from "../config/listener-config.ts";
import { type ChainFacts, findFilterChain } from "./filter-chain-match.ts";

const ANY: FilterChainMatch = {
  destinationPort: undefined,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: "",
  applicationProtocols: [],
};

const range = (text: string): FilterChainMatch["prefixRanges"][number] => {
  const [address = "", length = ""] = text.split("/");
  return { address, length: Number(length) };
};

/** "port=80 ip=10.0.0.0/8,::1/128 sni=a.b,*.b tls app=h2c": the words that a match is made of. */
function matchOf(text: string): FilterChainMatch {
  const words = new Map(text.split(" ").map((word) => word.split("=") as [string, string]));
  const list = (name: string): string[] => words.get(name)?.split(",") ?? [];
  return {
    destinationPort: words.has("port") ? Number(words.get("port")) : undefined,
    prefixRanges: list("ip").map(range),
    serverNames: list("sni"),
    transportProtocol: words.has("tls") ? "tls" : words.has("raw") ? "raw_buffer" : "",
    applicationProtocols: list("app"),
  };
}

function factsOf(text: string): ChainFacts {
  const match = matchOf(text);
  return {
    destination: {
      host: match.prefixRanges[0]?.address ?? "10.1.2.3",
      port: match.destinationPort ?? 80,
    },
    serverName: match.serverNames[0],
    transportProtocol: match.transportProtocol === "tls" ? "tls" : "raw_buffer",
    applicationProtocols: match.applicationProtocols,
  };
}

/** The match that is found, as it was written; undefined: none. */
function found(chains: readonly string[], facts: string): string | undefined {
  const all = chains.map((text) => ({ text, match: matchOf(text) }));
  return findFilterChain(all, factsOf(facts))?.text;
}

describe("findFilterChain", () => {
  test.each([
    // chains                                          connection                    the one that serves
    ["|port=80", "port=80", "port=80"],
    ["|port=80", "port=81", ""],
    ["port=80", "port=81", undefined],
    ["ip=10.0.0.0/8|ip=10.1.0.0/16|", "ip=10.1.2.3/32", "ip=10.1.0.0/16"],
    ["ip=10.0.0.0/8|ip=10.1.0.0/16|", "ip=10.2.2.3/32", "ip=10.0.0.0/8"],
    ["ip=10.0.0.0/8|ip=10.1.0.0/16|", "ip=11.2.2.3/32", ""],
    ["ip=0.0.0.0/0|", "ip=11.2.2.3/32", "ip=0.0.0.0/0"],
    ["ip=::1/128|ip=127.0.0.0/8", "ip=::1/32", "ip=::1/128"],
    [
      "ip=192.168.0.0/16,10.1.2.0/24|ip=10.0.0.0/8",
      "ip=10.1.2.3/32",
      "ip=192.168.0.0/16,10.1.2.0/24",
    ],
    ["sni=a.b|sni=*.b|sni=*.c.b|", "sni=a.b tls", "sni=a.b"],
    ["sni=a.b|sni=*.b|sni=*.c.b|", "sni=x.b tls", "sni=*.b"],
    ["sni=a.b|sni=*.b|sni=*.c.b|", "sni=x.c.b tls", "sni=*.c.b"],
    ["sni=a.b|sni=*.b|sni=*.c.b|", "sni=b tls", ""],
    ["sni=*.b", "raw", undefined],
    ["tls|raw", "raw", "raw"],
    ["tls|", "tls", "tls"],
    ["tls|", "raw", ""],
    ["app=http/1.1,h2c|", "app=h2c", "app=http/1.1,h2c"],
    ["app=http/1.1,h2c|", "raw", ""],
    ["tls app=h2|tls", "tls app=http/1.1", "tls"],
    // An earlier criterion decides, and what it left out does not come back.
    ["port=80 ip=9.0.0.0/8|ip=10.0.0.0/8", "port=80 ip=10.1.2.3/32", undefined],
    ["port=80 sni=a.b|ip=10.0.0.0/8", "port=80 ip=10.1.2.3/32 tls", undefined],
    ["port=80|ip=10.1.2.3/32 tls", "port=80 ip=10.1.2.3/32 tls", "port=80"],
  ])("of %p, %p is served by %p", (chains, facts, expected) => {
    expect(found(chains.split("|"), facts)).toBe(expected);
  });

  test("a chain that asks for nothing serves what nobody else does, wherever it stands", () => {
    const words = fc.constantFrom<string[]>("port=81", "ip=9.0.0.0/8", "sni=a.b", "tls", "app=h2c");
    fc.assert(
      fc.property(fc.uniqueArray(words), fc.nat(5), (others, at) => {
        const chains = [...others];
        chains.splice(at, 0, "");
        expect(found(chains, "port=80 raw")).toBe("");
      }),
    );
  });

  test("no chains serve nobody", () => {
    expect(findFilterChain([], factsOf("raw"))).toBeUndefined();
    expect(findFilterChain([{ match: ANY }], factsOf("raw"))).toEqual({ match: ANY });
  });
});
