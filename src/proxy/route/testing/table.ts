// Route tables from the YAML that users of Envoy write, for tests.
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { formatJsonProblem, messageFromJson } from "#api/json.ts";
import { parseYamlDocuments } from "#api/yaml.ts";
import { assert } from "#base/assert.ts";
import { parseRouteConfiguration } from "../../config/parse-route-configuration.ts";
import { formatRejected } from "../../config/parsed.ts";
import type { RouteConfig } from "../../config/route-config.ts";
import { RouteTable } from "../route-table.ts";

/** A RouteConfiguration in YAML or JSON; throws with what is wrong. */
export function parseRoutes(yaml: string): RouteConfig {
  const { documents, problems } = parseYamlDocuments(yaml, "routes.yaml");
  assert(problems.length === 0, problems.map(({ message }) => message).join("\n"));
  const message = messageFromJson(RouteConfigurationSchema, documents[0]?.value);
  if (message.kind === "rejected") {
    throw new Error(message.problems.map(formatJsonProblem).join("\n"));
  }
  const parsed = parseRouteConfiguration(message.value);
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

export function createTable(yaml: string): RouteTable {
  return new RouteTable(parseRoutes(yaml));
}

/** A table of one virtual host for every host; `routes` is a YAML list. */
export function createRoutes(routes: string): RouteTable {
  const indented = routes.trim().replaceAll("\n", "\n  ");
  return createTable(`virtual_hosts:\n- name: all\n  domains: ["*"]\n  routes:\n  ${indented}\n`);
}
