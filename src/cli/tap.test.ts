// `sampan tap` against a pilot and proxies that are only remembered: who is looked at, what is left out, what is said when it
// cannot be.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient, HttpStreamStart, HttpStreams } from "#base/http-client.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { runCommandLine } from "./program.ts";
import { EXIT } from "./shell/exit-status.ts";
import type { Shell } from "./shell/shell.ts";
import { fakeShell, type Ran } from "./testing/fake-shell.ts";

const PROXIES = ["productpage-v1-1", "reviews-v1-1"].map((name, i) => ({
  proxy: `sidecar~127.0.1.${i + 3}~${name}.default~x`,
  name,
  namespace: "default",
  type: "sidecar",
  ipAddress: `127.0.1.${i + 3}`,
}));
const SERVICES = [
  { hostname: "reviews.default.svc.cluster.local", namespace: "default", ports: [] },
];

const encoder = new TextEncoder();

interface OpenStream {
  readonly url: string;
  /** TapRequest. */
  readonly request: { readonly config_id: string; readonly tap_config: Record<string, unknown> };
  send(...paths: string[]): void;
  sendText(text: string): void;
  end(): void;
}

const trace = (path: string): string => {
  const header = (key: string, value: string) => ({ key, value, raw_value: "" });
  const headers = [
    header(":authority", "reviews:9080"),
    header(":path", path),
    header(":method", "GET"),
  ];
  const response = {
    headers: [header(":status", "200"), header("x-envoy-upstream-service-time", "1")],
  };
  return JSON.stringify({ http_buffered_trace: { request: { headers }, response } }, null, 1);
};

class Watching {
  readonly time = new FakeTime();
  proxies: readonly (typeof PROXIES)[number][] = PROXIES;
  readonly streams: OpenStream[] = [];
  /** By port of 127.0.1.N:15000 -> what it answers; default: it opens. */
  readonly answers = new Map<string, HttpStreamStart>();
  readonly #shell: Shell;
  readonly #ran: () => Ran;
  #stop = (): void => {};
  #isOver = false;

  constructor(args: readonly string[]) {
    const stopped = new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
    const { shell, ran } = fakeShell({
      clock: this.time,
      timers: this.time,
      httpClient: this.#pilot(),
      httpStreams: this.#proxies(),
      catchStop: () => ({ isStopped: false, stopped }),
    });
    this.#shell = shell;
    this.#ran = ran;
    void runCommandLine(["tap", ...args], this.#shell).then(() => {
      this.#isOver = true;
    });
  }

  /** Streams that are open now. */
  get open(): readonly OpenStream[] {
    return this.streams.filter((stream) => !this.#closed.has(stream));
  }

  readonly #closed = new Set<OpenStream>();

  /** The command runs, and has turned to its proxies. */
  static async start(
    args: readonly string[],
    prepare: (watching: Watching) => void = () => {},
  ): Promise<Watching> {
    const watching = new Watching(args);
    prepare(watching);
    await watching.#until(() => watching.#attempts > 0);
    await watching.settle();
    return watching;
  }

  #attempts = 0;

  /** Loading the command takes real time. */
  async #until(isSo: () => boolean): Promise<void> {
    for (let i = 0; i < 10_000 && !isSo() && !this.#isOver; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.time.advance(100);
      await this.settle();
    }
  }

  async ctrlC(): Promise<Ran> {
    this.#stop();
    return this.end();
  }

  async end(): Promise<Ran> {
    await this.#until(() => this.#isOver);
    expect(this.#isOver).toBe(true);
    return this.#ran();
  }

  #pilot(): HttpClient {
    const json = (value: unknown): HttpAnswer => ({
      kind: "answered",
      status: 200,
      body: JSON.stringify(value),
    });
    return {
      request: async ({ url }) => json(url.endsWith("/debug/syncz") ? this.proxies : SERVICES),
    };
  }

  #proxies(): HttpStreams {
    return {
      open: ({ url, body = "" }, onChunk) => {
        this.#attempts += 1;
        let end: (ended: { readonly reason: string | undefined }) => void = () => {};
        const ended = new Promise<{ readonly reason: string | undefined }>((resolve) => {
          end = resolve;
        });
        const stream: OpenStream = {
          url,
          request: JSON.parse(body),
          send: (...paths) => stream.sendText(paths.map(trace).join("\n")),
          sendText: (text) => onChunk(encoder.encode(text)),
          end: () => {
            this.#closed.add(stream);
            end({ reason: "gone" });
          },
        };
        const started = this.answers.get(new URL(url).host) ?? { kind: "open" };
        if (started.kind === "open") this.streams.push(stream);
        return {
          started: Promise.resolve(started),
          ended,
          close: () => {
            this.#closed.add(stream);
            end({ reason: undefined });
          },
        };
      },
    };
  }
}

const paths = ({ stdout }: Ran): string[] =>
  [...stdout.matchAll(/^req .*:path=(\S+)$/gm)].map(([, path]) => path as string);

test("every proxy is looked at, and let go at the end", async () => {
  const w = await Watching.start([]);
  expect(w.open.map(({ url }) => url)).toEqual([
    "http://127.0.1.3:15000/tap?details",
    "http://127.0.1.4:15000/tap?details",
  ]);
  expect(w.open[0]?.request.config_id).toBe("sampan.outbound");
  w.open[0]?.send("/a", "/b");
  w.open[1]?.send("/c");
  const ran = await w.ctrlC();
  expect(ran.status).toBe(EXIT.ok);
  expect(paths(ran)).toEqual(["/a", "/b", "/c"]);
  expect(ran.stdout).toMatch(/^req id=1:1 .*:path=\/b$/m);
  expect(ran.stderr).toBe("Looking at 2 proxies; Ctrl-C ends it.\n3 requests shown.\n");
  expect(w.open).toEqual([]);
  expect(w.time.timerCount).toBe(0);
});

test("--from chooses proxies by name or its beginning, --inbound asks for the other side", async () => {
  const w = await Watching.start(["--from", "reviews"]);
  expect(w.open.map(({ url }) => new URL(url).hostname)).toEqual(["127.0.1.4"]);
  await w.ctrlC();
  const inbound = await Watching.start(["--inbound"]);
  expect(inbound.open.map(({ request }) => request.config_id)).toEqual([
    "sampan.inbound",
    "sampan.inbound",
  ]);
  await inbound.ctrlC();
});

test("proxies that come are looked at, those that break are looked at again", async () => {
  const w = await Watching.start([], (watching) => {
    watching.proxies = PROXIES.slice(0, 1);
  });
  expect(w.open).toHaveLength(1);
  w.proxies = PROXIES;
  await w.advance(2000);
  expect(w.open).toHaveLength(2);
  w.open[0]?.end();
  expect(w.open).toHaveLength(1);
  await w.advance(2000);
  expect(w.open).toHaveLength(2);
  w.proxies = PROXIES.slice(1);
  await w.advance(2000);
  expect(w.open.map(({ url }) => new URL(url).hostname)).toEqual(["127.0.1.4"]);
  await w.ctrlC();
});

test("no more than --max-rps are shown, and it says how many were not", async () => {
  const w = await Watching.start(["--max-rps", "2"]);
  w.open[0]?.send("/1", "/2", "/3");
  w.open[1]?.send("/4");
  await w.advance(1000);
  w.open[1]?.send("/5");
  w.open[0]?.sendText('{"sampan":{"dropped":7}}');
  const ran = await w.ctrlC();
  expect(paths(ran)).toEqual(["/1", "/2", "/5"]);
  expect(ran.stderr).toEndWith(
    "3 requests shown; 2 left out by --max-rps, 7 left out by the proxies.\n",
  );
});

test("a proxy with far too many is asked for a share of them", async () => {
  const w = await Watching.start(["--max-rps", "10"]);
  expect(w.open[0]?.request.tap_config["tap_enabled"]).toBeUndefined();
  for (let i = 0; i < 100; i += 1) w.open[0]?.send("/many");
  await w.advance(1000);
  expect(w.open).toHaveLength(2);
  const again = w.open.find(({ url }) => url.includes("127.0.1.3"));
  expect(again?.request.tap_config["tap_enabled"]).toEqual({
    default_value: { numerator: 2000, denominator: "TEN_THOUSAND" },
  });
  const { stderr } = await w.ctrlC();
  expect(stderr).toContain("from now on 20 % of them are looked at");
});

test("--count ends it by itself, and shows not one more", async () => {
  const w = await Watching.start(["--count", "2"]);
  w.open[0]?.send("/1", "/2", "/3");
  expect(paths(await w.end())).toEqual(["/1", "/2"]);
});

test("--for ends it by itself", async () => {
  const w = await Watching.start(["--for", "1s"]);
  await w.advance(1000);
  expect((await w.end()).status).toBe(EXIT.ok);
});

const REFUSED: HttpStreamStart = { kind: "refused", status: 400, body: "Unknown config id 'x'." };
const BUSY: HttpStreamStart = {
  kind: "refused",
  status: 400,
  body: "An attached /tap admin stream already exists. Detach it.",
};

test("a proxy without a filter is passed over; when all are, it says so and fails", async () => {
  const some = await Watching.start([], ({ answers }) => {
    answers.set("127.0.1.3:15000", REFUSED);
  });
  expect((await some.ctrlC()).stderr).toStartWith("Looking at 1 proxy; ");
  const none = await Watching.start([], ({ answers }) => {
    for (const host of ["127.0.1.3:15000", "127.0.1.4:15000"]) answers.set(host, REFUSED);
  });
  const ran = await none.end();
  expect(ran.status).toBe(EXIT.failed);
  expect(ran.stderr).toContain("No proxy can be looked at:");
  expect(ran.stderr).toContain("productpage-v1-1 has no tap filter for outbound requests");
});

test("who is second at an Envoy waits a moment, and is told then", async () => {
  const w = await Watching.start([], ({ answers }) => {
    answers.set("127.0.1.3:15000", BUSY);
  });
  await w.advance(1500);
  w.answers.delete("127.0.1.3:15000");
  await w.advance(500);
  expect(w.open).toHaveLength(2);
  const { stderr } = await w.ctrlC();
  expect(stderr).not.toContain("somebody else");
});

test("what a proxy sends beside requests is passed over", async () => {
  const w = await Watching.start([]);
  w.open[0]?.sendText('noise {"a":1} } {"http_buffered_trace":7}');
  w.open[0]?.send("/after");
  expect(paths(await w.ctrlC())).toEqual(["/after"]);
});

test.each([
  [["revews"], 'No service "revews" in the mesh. Did you mean reviews?'],
  [["--from", "productpge"], "Did you mean productpage?"],
])("%p: the nearest name is named", async (args, said) => {
  const ran = await new Watching(args).end();
  expect(ran.status).toBe(EXIT.failed);
  expect(ran.stderr).toContain(said);
});

test.each([
  [["reviews", "--to", "reviews"], "Name the service once"],
  [["--from", "a", "--inbound"], "cannot be used with"],
  [["--status", "600"], "Must be a status or a class of them"],
  [["--path", "reviews"], 'Must begin with "/".'],
  [["--header", "a b=c"], "Must be name=value"],
  [["--max-rps", "0"], "Must be at least 1."],
  [["--method", "G T"], "Must be a method"],
])("%p is a mistake of the command line", async (args, said) => {
  const ran = await new Watching(args).end();
  expect(ran.status).toBe(EXIT.usage);
  expect(ran.stderr).toContain(said);
});
