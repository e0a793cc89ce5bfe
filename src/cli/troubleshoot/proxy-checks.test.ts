// Which proxy is meant, and what is said where there is none.
import { expect, test } from "bun:test";
import type { PilotPages } from "./pages.ts";
import { findReport } from "./proxy-checks.ts";

const report = { proxy: "sidecar~1", name: "reviews-v1-1", namespace: "default", type: "sidecar" };
const endpoint = { workload: { name: "db-0", namespace: "default" } };
const pages = {
  proxies: [report],
  services: [{ hostname: "db.local", namespace: "default", ports: [{ endpoints: [endpoint] }] }],
} as unknown as PilotPages;

test.each(["reviews-v1-1", "reviews-v1-1.default", "reviews-v1", "sidecar~1"])(
  "%s is the proxy of that name, workload or node",
  (name) => {
    expect(findReport(pages, name)).toMatchObject({ kind: "found", report });
  },
);

test("connected are proxies only, not every instance that is known", () => {
  expect(findReport(pages, "shop")).toMatchObject({
    kind: "missing",
    finding: { fix: expect.stringMatching(/^Connected are reviews-v1-1: /) },
  });
});

test("an instance without its sidecar is told from a name that nobody has", () => {
  expect(findReport(pages, "db-0")).toMatchObject({
    finding: { message: "The sidecar of db-0 is not connected to the pilot" },
  });
});
