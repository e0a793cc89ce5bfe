import { describe, expect, test } from "bun:test";
import type { Resolution } from "#base/dns.ts";
import { ToldDns, tellingDns } from "./relayed-dns.ts";

const found = (...addresses: readonly string[]): Resolution => ({
  kind: "resolved",
  addresses,
  ttlMs: undefined,
});

describe("tellingDns", () => {
  test("tells every answer, failures too, before the asker has it", async () => {
    const answers = new Map([["a", found("127.0.0.1")]]);
    const events: string[] = [];
    const dns = tellingDns(
      { resolve: async (name) => answers.get(name) ?? { kind: "failed", reason: "no such name" } },
      (name, { kind }) => events.push(`told ${name} ${kind}`),
    );
    for (const name of ["a", "b"]) {
      await dns.resolve(name).then(({ kind }) => events.push(`answered ${name} ${kind}`));
    }
    expect(events).toEqual([
      ...["told a resolved", "answered a resolved"],
      ...["told b failed", "answered b failed"],
    ]);
  });
});

describe("ToldDns", () => {
  test("a question waits for the answer, and so do others for the same name", async () => {
    const dns = new ToldDns();
    const asked = [dns.resolve("a"), dns.resolve("a")];
    dns.handleAnswer("b", found("127.0.0.2"));
    dns.handleAnswer("a", found("127.0.0.1"));
    expect(await Promise.all(asked)).toEqual([found("127.0.0.1"), found("127.0.0.1")]);
  });

  test("an answer nobody asked for yet is kept for the next question, once, and only the newest", async () => {
    const dns = new ToldDns();
    dns.handleAnswer("a", found("127.0.0.1"));
    dns.handleAnswer("a", found("127.0.0.2"));
    expect(await dns.resolve("a")).toEqual(found("127.0.0.2"));
    const next = dns.resolve("a");
    dns.handleAnswer("a", found("127.0.0.3"));
    expect(await next).toEqual(found("127.0.0.3"));
  });

  test("beyond its limit the oldest question is given up, and the oldest answer forgotten", async () => {
    const dns = new ToldDns();
    const first = dns.resolve("first");
    for (let i = 0; i < 10_000; i += 1) void dns.resolve(`question-${i}`);
    expect(await first).toEqual({ kind: "failed", reason: "no answer came" });
    dns.handleAnswer("old", found("127.0.0.1"));
    for (let i = 0; i < 10_000; i += 1) dns.handleAnswer(`answer-${i}`, found("127.0.0.2"));
    const old = dns.resolve("old");
    dns.handleAnswer("old", found("127.0.0.3"));
    expect(await old).toEqual(found("127.0.0.3"));
  });
});
