// Envoy 1.40's own requests and redirects: each case of testdata was one virtual host of a running Envoy, whose upstream noted what came.
import { expect, test } from "bun:test";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { sampleStream } from "../access-log/testing/sample-stream.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import { formatRejected } from "../config/parsed.ts";
import { readMessage } from "../config/testing/messages.ts";
import { finalizeRequest } from "./finalize.ts";
import { redirectLocation } from "./redirect.ts";
import { RouteTable } from "./route-table.ts";
import cases from "./testdata/envoy-1.40-rewrites.json";
import { createRequest, fieldsOf } from "./testing/request.ts";

type Case = (typeof cases)[number];

/** What the case sends upstream, or where to it redirects. */
function outcome({ route, host, path, headers }: Case): string | string[] | undefined {
  const json = { virtual_hosts: [{ name: "v", domains: ["*"], routes: [route] }] };
  const parsed = parseRouteConfiguration(readMessage(RouteConfigurationSchema, json));
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  const pairs = headers.map(([n = "", v = ""]) => [n, v] as const);
  const head = createRequest({ host, path, headers: pairs });
  const entry = new RouteTable(parsed.value).match(head, 0);
  if (entry?.route.action.kind === "redirect") return redirectLocation(entry, head);
  const choice = entry?.choices[0];
  if (entry === undefined || choice === undefined) return undefined;
  finalizeRequest(entry, choice, head, sampleStream({ requestHead: head }), false);
  const fields = fieldsOf(head).filter((field) => !field.startsWith("x-forwarded-proto"));
  return byName([head.path(), `host: ${head.authority()}`, ...fields]);
}

/** Fields of different names may stand in any order; those of one name may not. */
function byName(lines: readonly string[]): string[] {
  const name = (line: string): string => line.split(":", 1)[0] ?? "";
  return lines.toSorted((a, b) => (name(a) < name(b) ? -1 : Number(name(a) > name(b))));
}

test("requests are rewritten and redirected as Envoy 1.40 did", () => {
  const different: unknown[] = [];
  for (const row of cases) {
    const ours = outcome(row);
    const envoys = row.location ?? (row.sent && byName(row.sent));
    if (!Bun.deepEquals(ours, envoys)) different.push({ ...row, ours });
  }
  expect(different).toEqual([]);
  expect(cases.length).toBeGreaterThan(300);
});
