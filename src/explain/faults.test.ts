// The odds of faults: exact, by header, and none where a fault is not for the request.
import { expect, test } from "bun:test";
import { headerName } from "#codec/header-name.ts";
import type { FaultConfig } from "#proxy/config/fault-config.ts";
import { createRequest } from "#proxy/route/testing/request.ts";
import { faultEndings, faultOdds } from "./faults.ts";

const QUIET: FaultConfig = {
  delay: undefined,
  abort: undefined,
  upstreamCluster: "",
  downstreamNodes: [],
  headers: [],
  maxActiveFaults: undefined,
};
const million = (numerator: number) => ({ numerator, denominator: 1_000_000 }) as const;
const hundred = (numerator: number) => ({ numerator, denominator: 100 }) as const;

test("faultOdds are exact to the millionth", () => {
  const config: FaultConfig = {
    ...QUIET,
    delay: { kind: "fixed", delayMs: 7000, percentage: million(1) },
    abort: { kind: "http", status: 503, percentage: hundred(33) },
  };
  const odds = faultOdds(config, createRequest(), "a");
  expect(odds.delay).toEqual({ odds: 0.000001, delayMs: 7000 });
  expect(odds.abort).toEqual({ odds: 0.33, abort: { status: 503, grpcStatus: undefined } });
});

test.each([
  ["never", 0, undefined],
  ["half", 50, 0.5],
  ["always", 100, 1],
  ["more than always", 250, 1],
])("faultOdds of an abort that strikes %s", (_name, numerator, wanted) => {
  const config: FaultConfig = {
    ...QUIET,
    abort: { kind: "http", status: 500, percentage: hundred(numerator) },
  };
  expect(faultOdds(config, createRequest(), undefined).abort?.odds).toBe(wanted as number);
});

test("faultOdds by header: what the request asks for, and no more than is allowed", () => {
  const config: FaultConfig = {
    ...QUIET,
    delay: { kind: "header", percentage: hundred(40) },
    abort: { kind: "header", percentage: hundred(40) },
  };
  const ask = (fields: Readonly<Record<string, string>>) =>
    faultOdds(config, createRequest({ headers: Object.entries(fields) }), undefined);
  expect(ask({})).toMatchObject({ delay: undefined, abort: undefined });
  expect(ask({ "x-envoy-fault-delay-request": "250" }).delay).toEqual({ odds: 0.4, delayMs: 250 });
  const lower = {
    "x-envoy-fault-abort-request": "418",
    "x-envoy-fault-abort-request-percentage": "10",
  };
  expect(ask(lower).abort).toEqual({ odds: 0.1, abort: { status: 418, grpcStatus: undefined } });
  const higher = { ...lower, "x-envoy-fault-abort-request-percentage": "90" };
  expect(ask(higher).abort?.odds).toBe(0.4);
});

test("faultOdds of requests that the fault is not for are none", () => {
  const config: FaultConfig = {
    ...QUIET,
    abort: { kind: "http", status: 500, percentage: hundred(100) },
    upstreamCluster: "a",
    headers: [
      {
        name: headerName("end-user"),
        test: { kind: "string", matcher: { kind: "exact", value: "jason", ignoreCase: false } },
        invert: false,
        treatMissingAsEmpty: false,
      },
    ],
  };
  const jason = createRequest({ headers: [["end-user", "jason"]] });
  expect(faultOdds(config, jason, "a").abort?.odds).toBe(1);
  expect(faultOdds(config, jason, "b").abort).toBeUndefined();
  expect(faultOdds(config, createRequest(), "a").abort).toBeUndefined();
});

test("faultEndings: the abort is drawn also after the delay", () => {
  const abort = { status: 500, grpcStatus: undefined };
  const endings = faultEndings({
    delay: { odds: 0.5, delayMs: 100 },
    abort: { odds: 0.2, abort },
    maxActiveFaults: undefined,
  });
  expect(endings).toEqual([
    { odds: 0.4, delayMs: 0, abort: undefined },
    { odds: 0.1, delayMs: 0, abort },
    { odds: 0.4, delayMs: 100, abort: undefined },
    { odds: 0.1, delayMs: 100, abort },
  ]);
});
