import { expect, test } from "bun:test";
import { CodeCounts, ResponseCodeStats } from "./response-code-stats.ts";

function listed(codes: ResponseCodeStats): Record<string, number> {
  const all: Record<string, number> = {};
  codes.list((name, value) => {
    all[name] = value;
  });
  return all;
}

test("ResponseCodeStats lists nothing before the first response", () => {
  expect(listed(new ResponseCodeStats())).toEqual({});
});

// The same traffic gave these lines on Envoy 1.40: 200 three times, 201, 404, and a 503 that was retried once.
test("ResponseCodeStats lists what Envoy lists", () => {
  const codes = new ResponseCodeStats();
  for (const status of [200, 200, 200, 201, 404, 503]) codes.count(status);
  codes.countRetried(503);
  expect(listed(codes)).toEqual({
    "external.upstream_rq_200": 3,
    "external.upstream_rq_201": 1,
    "external.upstream_rq_2xx": 4,
    "external.upstream_rq_404": 1,
    "external.upstream_rq_4xx": 1,
    "external.upstream_rq_503": 1,
    "external.upstream_rq_5xx": 1,
    "external.upstream_rq_completed": 6,
    "retry.upstream_rq_503": 1,
    "retry.upstream_rq_5xx": 1,
    "retry.upstream_rq_completed": 1,
    upstream_rq_200: 3,
    upstream_rq_201: 1,
    upstream_rq_2xx: 4,
    upstream_rq_404: 1,
    upstream_rq_4xx: 1,
    upstream_rq_503: 1,
    upstream_rq_5xx: 1,
    upstream_rq_completed: 6,
  });
});

test("ResponseCodeStats sums external and internal requests", () => {
  const codes = new ResponseCodeStats();
  codes.count(200);
  codes.countInternal(200);
  const all = listed(codes);
  expect(all["upstream_rq_200"]).toBe(2);
  expect(all["internal.upstream_rq_200"]).toBe(1);
  codes.reset();
  expect(listed(codes)["upstream_rq_2xx"]).toBe(0);
});

test.each([0, 99, 1000, -1])("CodeCounts ignores %p, which no status line can hold", (status) => {
  const counts = new CodeCounts();
  counts.count(status);
  const all = new Map<number, number>();
  counts.addTo(all);
  expect(all.size).toBe(0);
});
