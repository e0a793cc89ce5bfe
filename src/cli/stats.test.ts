// `sampan stats`: the page that is asked for, and its lines as a table and as JSON.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

const TEXT = `cluster.outbound|9080||details.upstream_rq_total: 12
server.live: 1
control_plane.identifier: sampan\u001b[31m
cluster.details.upstream_rq_time: P0(1,1) P50(2,2.1)
`;

async function run(...args: readonly string[]) {
  const asked: string[] = [];
  const httpClient: HttpClient = {
    request: async ({ url }): Promise<HttpAnswer> => {
      asked.push(url.replace("http://127.0.1.5:15000", ""));
      return { kind: "answered", status: 200, body: TEXT };
    },
  };
  const ran = await runFake(["stats", "--admin", "127.0.1.5:15000", ...args], { httpClient });
  return { ...ran, asked };
}

test.each([
  [[], "/stats?usedonly"],
  [["--all"], "/stats"],
  [["--filter", "a|b&c"], "/stats?usedonly&filter=a%7Cb%26c"],
  [["-o", "prometheus", "--all"], "/stats/prometheus"],
])("%j asks for %s", async (args, page) => {
  expect((await run(...args)).asked).toEqual([page]);
});

test("numbers first, then what is text; nothing of it moves the cursor", async () => {
  const { status, stdout } = await run();
  expect(status).toBe(EXIT.ok);
  expect(stdout.split("\n").map((line) => line.replace(/ {2,}/, " = "))).toEqual([
    "NAME = VALUE",
    "cluster.outbound|9080||details.upstream_rq_total = 12",
    "server.live = 1",
    "control_plane.identifier = sampan·[31m",
    "cluster.details.upstream_rq_time = P0(1,1) P50(2,2.1)",
    "",
  ]);
});

test("JSON keeps numbers and texts apart", async () => {
  expect(JSON.parse((await run("-o", "json")).stdout)).toEqual({
    values: { "cluster.outbound|9080||details.upstream_rq_total": 12, "server.live": 1 },
    texts: {
      "control_plane.identifier": "sampan\u001b[31m",
      "cluster.details.upstream_rq_time": "P0(1,1) P50(2,2.1)",
    },
  });
});

test("without a proxy it says how to find one", async () => {
  const { status, stderr } = await runFake(["stats"]);
  expect(status).toBe(EXIT.usage);
  expect(stderr).toContain('"sampan proxy-status" lists them');
});
