// Explanations in a sentence: shares, faults before them, delays beside them, the reason behind a 503.
import { expect, test } from "bun:test";
import type { Outcome } from "#explain/explain.ts";
import { verdictOf } from "./verdict.ts";

const ORIGIN = {
  object: "VirtualService default/reviews",
  field: "spec.http[0].fault",
  source: { file: "mesh.yaml", line: 31, column: 7 },
};
const host = (odds: number, health = "healthy") => ({ address: "127.0.1.5:80", odds, health });
const to = (subset: string, odds: number, more: Partial<Outcome> = {}): Outcome => ({
  odds,
  kind: "forward",
  because: "route",
  cluster: `outbound|80|${subset}|reviews.default.svc.cluster.local`,
  hosts: [host(1)],
  ...more,
});
const fault = (odds: number, more: Partial<Outcome> = {}): Outcome => ({
  odds,
  kind: "reply",
  because: "fault",
  status: 500,
  responseFlags: "FI",
  origin: ORIGIN,
  ...more,
});

test("the shares of those that go on, then who does not, then who waits", () => {
  const outcomes = [
    to("v1", 0.225, { hosts: [host(0.5), host(0.5)] }),
    to("v1", 0.225, { delayMs: 2000, responseFlags: "DI", hosts: [host(0.5), host(0.5)] }),
    to("v3", 0.225, { hosts: [host(1), host(0, "failed_outlier_check")] }),
    to("v3", 0.225, {
      delayMs: 2000,
      responseFlags: "DI",
      hosts: [host(1), host(0, "failed_outlier_check")],
    }),
    fault(0.05, { cluster: "outbound|80|v1|reviews" }),
    fault(0.05, { cluster: "outbound|80|v3|reviews", delayMs: 2000, responseFlags: "DI,FI" }),
  ];
  expect(verdictOf({ steps: [], outcomes })).toBe(
    "50 % reviews v1 (2 hosts), 50 % reviews v3 (1 host, 1 ejected); " +
      "10 % answered 500 before by the fault of VirtualService default/reviews (mesh.yaml:31); 50 % held up for 2s",
  );
});

test("one ending is said without its share", () => {
  expect(verdictOf({ steps: [], outcomes: [to("", 1)] })).toBe("reviews (1 host)");
  expect(verdictOf({ steps: [], outcomes: [fault(1)] })).toBe(
    "100 % answered 500 by the fault of VirtualService default/reviews (mesh.yaml:31)",
  );
});

test("flags say why the proxy answers, and the delay before is not among them", () => {
  const refused: Outcome = {
    odds: 1,
    kind: "reply",
    because: "no healthy host",
    status: 503,
    responseFlags: "DI,UH",
    delayMs: 5,
  };
  expect(verdictOf({ steps: [], outcomes: [refused] })).toBe(
    "503 UH: no healthy host; 100 % held up for 5ms",
  );
});

test("a host that nobody knows is the reason behind the answer", () => {
  const steps = [
    {
      mark: "note",
      title: "Virtual host",
      detail: "no virtual host for b",
      facts: ["did you mean a?"],
    },
  ] as const;
  const outcomes: readonly Outcome[] = [
    { odds: 1, kind: "reply", because: "x", status: 404, responseFlags: "NR" },
  ];
  expect(verdictOf({ steps, outcomes })).toBe("404 NR: no virtual host for b; did you mean a?");
});
