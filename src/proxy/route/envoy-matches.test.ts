// Envoy 1.40's own answers: each case of testdata was one virtual host of a running Envoy, asked once over a socket.
import { expect, test } from "bun:test";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import { formatRejected } from "../config/parsed.ts";
import { readMessage } from "../config/testing/messages.ts";
import { RouteTable } from "./route-table.ts";
import cases from "./testdata/envoy-1.40-matches.json";
import { createRequest } from "./testing/request.ts";

test("routes match what Envoy 1.40 matched", () => {
  const different: string[] = [];
  for (const { match, path, headers, matches } of cases) {
    const routes = [{ match, direct_response: { status: 200 } }];
    const json = { virtual_hosts: [{ name: "v", domains: ["*"], routes }] };
    const parsed = parseRouteConfiguration(readMessage(RouteConfigurationSchema, json));
    if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
    const head = createRequest({
      path,
      headers: headers.map(([n = "", v = ""]) => [n, v] as const),
    });
    if ((new RouteTable(parsed.value).match(head, 0) !== undefined) !== matches) {
      different.push(`${JSON.stringify({ match, path, headers })}: Envoy says ${matches}`);
    }
  }
  expect(different).toEqual([]);
  expect(cases.length).toBeGreaterThan(400);
});
