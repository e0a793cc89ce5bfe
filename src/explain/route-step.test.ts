// What a person reads of the routes of a virtual host: which were tried and why not, and which never get a turn.
import { expect, test } from "bun:test";
import { endOfPath } from "#proxy/route/bytes.ts";
import { createRequest, type RequestOptions } from "#proxy/route/testing/request.ts";
import { createRoutes } from "#proxy/route/testing/table.ts";
import type { Step } from "./explanation.ts";
import { routeShares } from "./route-shares.ts";
import { routeStep } from "./route-step.ts";

function stepOf(routes: string, request: RequestOptions = {}): Step {
  const head = createRequest(request);
  const host = createRoutes(routes).findHost(head)?.value;
  if (host === undefined) throw new Error("a table for every host has no host");
  const pathEnd = endOfPath(head.pathBytes, head.pathStart, head.pathEnd);
  return routeStep(host, routeShares(host.routes, head, pathEnd), head, pathEnd);
}

const BOOKS = `
- name: jason
  match: { prefix: /, headers: [{ name: end-user, string_match: { exact: jason } }] }
  route: { cluster: v2 }
- name: books
  match: { prefix: /books }
  route: { cluster: v3, timeout: 5s }
- match: { prefix: / }
  route: { cluster: v1 }`;

test("routeStep tells what was tried, in order, and why it was not taken", () => {
  expect(stepOf(BOOKS, { path: "/about" })).toMatchObject({
    mark: "passed",
    detail: "#3: every request",
    tried: [
      { name: "#1 jason", why: 'header end-user is missing, wanted exactly "jason"' },
      { name: "#2 books", why: 'path is "/about", wanted a path that begins with "/books"' },
    ],
  });
});

test("routeStep tells of routes that would match, too, but not of the last for everybody", () => {
  const step = stepOf(BOOKS, { path: "/books/1", headers: [["end-user", "jason"]] });
  expect(step.detail).toBe('#1 jason: header end-user is "jason"');
  expect(step.facts?.filter((fact) => fact.includes("too"))).toEqual([
    "#2 books would match, too, but comes later",
  ]);
});

test("routeStep tells what can never match, and what takes all of it", () => {
  const { facts } = stepOf(`
- match: { prefix: /a }
  route: { cluster: c }
- match: { path: /ab }
  route: { cluster: d }
- match: { prefix: / }
  route: { cluster: e }
- match: { prefix: /z }
  route: { cluster: f }`);
  expect(facts?.filter((fact) => fact.includes("never"))).toEqual([
    "#2 can never match: #1 takes all that it would",
    "#4 can never match: #3 takes all that it would",
  ]);
});

test("routeStep divides what dice divide", () => {
  const step = stepOf(`
- match: { prefix: /, runtime_fraction: { default_value: { numerator: 5 } } }
  route: { cluster: canary }
- match: { prefix: / }
  route: { cluster: stable }`);
  expect(step).toMatchObject({
    mark: "maybe",
    detail: "#2: every request",
    facts: ["5 % take #1, to canary", "95 % take #2, to stable", "timeout 15s"],
    tried: [{ name: "#1", why: "takes 5 % of such requests" }],
  });
});

test("routeStep without a match ends there", () => {
  expect(stepOf("- match: { path: /only }\n  route: { cluster: c }")).toMatchObject({
    mark: "stopped",
    detail: "none matches",
    tried: [{ name: "#1", why: 'path is "/", wanted exactly "/only"' }],
  });
});

test("routeStep shows of many routes those next to the one that matched", () => {
  const many = Array.from(
    { length: 40 },
    (_, i) => `- match: { path: /${i} }\n  route: { cluster: c }`,
  );
  const step = stepOf([...many, "- match: { prefix: / }\n  route: { cluster: last }"].join("\n"));
  expect(step.tried).toHaveLength(12);
  expect(step.tried?.at(-1)?.name).toBe("#40");
  expect(step.facts).toContain("28 more before these");
});
