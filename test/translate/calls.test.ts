// Requests through the generated routes, decided by the proxy's own matcher: Istio's YAML on one side, the cluster that a request
// lands on at the other. The calls stand in the golden cases of src/pilot/translate/testdata.
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { routes } from "#pilot/translate/route/route.ts";
import { parseGoldenCase } from "#pilot/translate/testing/golden-case.ts";
import { parseRouteConfiguration } from "#proxy/config/parse-route-configuration.ts";
import { formatRejected } from "#proxy/config/parsed.ts";
import type { RouteAction } from "#proxy/config/route-config.ts";
import { RouteTable } from "#proxy/route/route-table.ts";
import { createRequest } from "#proxy/route/testing/request.ts";

const FOLDER = `${import.meta.dir}/../../src/pilot/translate/testdata`;
const CASES = await Promise.all(
  [...new Glob("*.yaml").scanSync(FOLDER)].sort().map(async (file) => ({
    file,
    parsed: parseGoldenCase(await Bun.file(`${FOLDER}/${file}`).text(), file),
  })),
);
const CALLS = CASES.flatMap(({ file, parsed }) =>
  parsed.calls.map(
    (call) => [file, `${call.route} ${call.host}${call.path ?? "/"}`, parsed, call] as const,
  ),
);

/** As `expect` in a case says it. */
function outcome(action: RouteAction | undefined): string {
  switch (action?.kind) {
    case undefined:
      return "none";
    case "redirect":
    case "directResponse":
      return String(action.status);
    case "forward": {
      const { cluster } = action;
      if (cluster.kind === "weighted") {
        return cluster.clusters.map(({ name, weight }) => `${name} ${weight}`).join(", ");
      }
      return cluster.kind === "cluster" ? cluster.name : `header ${String(cluster.name)}`;
    }
  }
}

test("there are calls", () => {
  expect(CALLS.length).toBeGreaterThan(0);
});

test.each(CALLS)("%s: %s", (_file, _title, { proxy, snapshot }, call) => {
  const parsed = parseRouteConfiguration(routes(proxy, snapshot, call.route).message);
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  const { host, method = "GET", path = "/", headers = {} } = call;
  const request = createRequest({ host, method, path, headers: Object.entries(headers) });
  const entry = new RouteTable(parsed.value).match(request, 0);
  expect(outcome(entry?.route.action)).toBe(call.expect);
});
