// `sampan stats`: the page that is asked for, and its lines as a table and as JSON.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
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
  [["--type", "counters"], "/stats?usedonly&type=Counters"],
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

test.each([
  [["-w", "-o", "json"], "leave out -o json"],
  [["--changed"], "add -w"],
  [["-o", "prometheus", "--type", "gauges"], "use --filter"],
])("%j contradicts itself", async (args, words) => {
  const { status, stderr, asked } = await run(...args);
  expect([status, asked]).toEqual([EXIT.usage, []]);
  expect(stderr).toContain(words);
});

test("watched, what moved is shown with its rate", async () => {
  const time = new FakeTime();
  let looks = 0;
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const httpClient: HttpClient = {
    request: async (): Promise<HttpAnswer> => {
      looks += 1;
      const body = `rq_total: ${looks * 20}\nserver.live: 1\n`;
      return { kind: "answered", status: 200, body };
    },
  };
  const ran = runFake(["stats", "--admin", "127.0.1.5:15000", "-w", "--changed"], {
    httpClient,
    clock: time,
    timers: time,
    catchStop: () => ({
      stopped,
      get isStopped() {
        return looks >= 2;
      },
    }),
  });
  while (looks < 2) {
    await Promise.resolve();
    time.advance(1_000);
  }
  stop();
  const frames = (await ran).stdout.split("\n\n");
  expect(frames[0]).toBe("NAME  VALUE  PER SECOND");
  expect(frames[1]?.trimEnd().split("\n")[1]).toMatch(/^rq_total +40 +[\d.]+$/);
});

test("what a proxy refuses is said in its words, and cannot steer the terminal", async () => {
  const body = "Invalid re2 regex: missing ): (\u001b[2J\nusage: …\n";
  const httpClient: HttpClient = {
    request: async () => ({ kind: "answered", status: 400, body }),
  };
  const args = ["stats", "--admin", "127.0.1.5:15000", "--filter", "("];
  const { stderr } = await runFake(args, { httpClient });
  expect(stderr).toEndWith(
    "answered 400 for /stats?usedonly&filter=(: Invalid re2 regex: missing ): (·[2J\n",
  );
});
