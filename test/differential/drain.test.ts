// The end of our proxy by SIGTERM: what runs is finished, nothing new is taken, exit status 0. (Envoy itself exits at once.)
import { afterEach, describe, expect, test } from "bun:test";
import { until } from "../support/envoy.ts";
import { Client } from "./harness/client.ts";
import { ANY, catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { OK } from "./harness/origin.ts";
import { get, request } from "./harness/request.ts";
import { type Side, startOurs } from "./harness/sides.ts";
import { fieldValues, statusOf } from "./harness/wire.ts";

const start = (): Promise<Side> =>
  startOurs({
    origins: ["a"],
    ports: ["in"],
    resources: (place) => ({
      listeners: [httpListener(place, "in", { virtualHosts: [catchAll([route(ANY, to("a"))])] })],
      clusters: [cluster(place, "a", ["a"])],
    }),
  });

let side: Side | undefined;

const connectIn = (to_: Side): Promise<Client> =>
  Client.connect(to_.place.ip, to_.place.port("in"));

async function isRefused(to_: Side): Promise<boolean> {
  try {
    await (await connectIn(to_)).close();
    return false;
  } catch {
    return true;
  }
}

// SAMPAN_DIFFERENTIAL=envoy asks how Envoy stands beside itself; how it ends is known.
describe.skipIf(process.env["SAMPAN_DIFFERENTIAL"] === "envoy")("drain on SIGTERM", () => {
  afterEach(async () => {
    await side?.stop();
    side = undefined;
  });

  test("a request in flight finishes, then the process ends with status 0", async () => {
    side = await start();
    side.origin("a").expect([{ steps: [{ waitMs: 600 }, OK] }]);
    const client = await connectIn(side);
    client.write(get("/"));
    await until(() => (side?.origin("a").requests.length ?? 0) > 0);
    side.signal("SIGTERM");
    const started = side;
    await until(() => isRefused(started), 500);
    const { messages, ending } = await client.finish(["GET"], 1, 3000);
    expect(messages.map(statusOf)).toEqual([200]);
    expect(messages.flatMap((message) => fieldValues(message, "connection"))).toEqual(["close"]);
    expect(ending).toBe("closed");
    expect(await side.exited).toBe(0);
  });

  test("a body that is still being sent is taken to its end", async () => {
    side = await start();
    const client = await connectIn(side);
    client.write(request("POST /", ["Content-Length: 6"], "abc"));
    await Bun.sleep(50);
    side.signal("SIGTERM");
    await Bun.sleep(100);
    client.write("def");
    const { messages } = await client.finish(["POST"], 1, 3000);
    expect(messages.map(statusOf)).toEqual([200]);
    expect(side.origin("a").requests.map((message) => message.body)).toEqual(["abcdef"]);
    expect(await side.exited).toBe(0);
  });

  test("without anything to finish it ends soon, idle connections or not", async () => {
    side = await start();
    const client = await connectIn(side);
    client.write(get("/"));
    await client.step({ untilResponses: 1 }, ["GET"], 2000);
    side.signal("SIGTERM");
    const startedMs = performance.now();
    expect(await side.exited).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(2000);
    await client.close();
  });
});
