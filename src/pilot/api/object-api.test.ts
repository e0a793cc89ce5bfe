// Kubernetes' API over configuration, request by request, as its clients send them.
import { expect, test } from "bun:test";
import type { HttpService, HttpServiceResponse } from "#base/http-service.ts";
import type { FakeTime } from "#base/testing/fake-time.ts";
import { CLUSTER } from "#xds/type-url.ts";
import type { FakeFiles } from "../config/testing/fake-files.ts";
import { KIND_NAMES } from "../model/kinds.ts";
import { KINDS } from "../model/object.ts";
import type { Pilot } from "../pilot.ts";
import { FakeProxy } from "../testing/fake-proxy.ts";
import { type FolderPilot, startFolderPilot } from "../testing/folder-pilot.ts";
import type { ObjectJson } from "./object-json.ts";

const RULES = "/apis/networking.istio.io/v1/namespaces/default/destinationrules";
const YAML = `# of reviews
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, labels: { app: reviews } }
spec:
  host: reviews.default.svc.cluster.local # in full
  subsets: [{ name: v1, labels: { version: v1 } }]
`;
const SERVICE = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.77.90.1 }]
`;

interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

class World {
  readonly time: FakeTime;
  readonly files: FakeFiles;
  readonly pilot: Pilot;
  readonly #service: HttpService;

  private constructor({ files, time, pilot }: FolderPilot) {
    this.files = files;
    this.time = time;
    this.pilot = pilot;
    this.#service = pilot.httpService;
  }

  static async start(content: Readonly<Record<string, string>> = {}): Promise<World> {
    return new World(await startFolderPilot(content));
  }

  async send(target: string, sent: Sent = {}): Promise<HttpServiceResponse> {
    const [path = "", query = ""] = target.split("?");
    const body = typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body ?? "");
    return this.#service({
      method: sent.method ?? "GET",
      path,
      query: new URLSearchParams(query),
      headers: { host: "127.0.0.1:15014", "content-type": "application/json", ...sent.headers },
      body: sent.body === undefined ? "" : body,
    });
  }

  async json<T = ObjectJson>(target: string, sent: Sent = {}): Promise<T> {
    return JSON.parse((await this.send(target, sent)).body) as T;
  }

  async status(target: string, sent: Sent = {}): Promise<number> {
    return (await this.send(target, sent)).status;
  }
}

const yaml = (method: string, body: string): Sent => ({
  method,
  body,
  headers: { "content-type": "application/yaml" },
});

test("every kind has its names", () => {
  expect(KIND_NAMES.map(({ kind }) => kind).sort()).toEqual([...KINDS].sort());
});

test("an object is made, read, changed and removed", async () => {
  const world = await World.start();
  expect(await world.status(RULES, yaml("POST", YAML))).toBe(201);
  expect(world.files.text("destinationrule.default.reviews.yaml")).toBe(YAML);
  const made = await world.json(`${RULES}/reviews`);
  expect(made).toMatchObject({
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: { name: "reviews", namespace: "default", generation: 1, labels: { app: "reviews" } },
    spec: { subsets: [{ name: "v1", labels: { version: "v1" } }] },
  });
  const changed = { ...made, spec: { host: "reviews.default.svc.cluster.local" } };
  const put = await world.json(`${RULES}/reviews`, { method: "PUT", body: changed });
  expect(put.metadata).toMatchObject({ generation: 2, uid: made.metadata.uid });
  expect(put.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  expect(world.files.text("destinationrule.default.reviews.yaml")).toContain("# in full");
  expect(world.files.text("destinationrule.default.reviews.yaml")).not.toContain("uid");
  expect(await world.json(`${RULES}/reviews`, { method: "DELETE" })).toMatchObject({
    status: "Success",
    details: { name: "reviews", uid: made.metadata.uid },
  });
  expect(await world.status(`${RULES}/reviews`)).toBe(404);
  expect(world.files.paths).toEqual([]);
});

test("older versions of the API are the same objects", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const found = await world.json(`${RULES.replace("/v1/", "/v1alpha3/")}/reviews`);
  expect(found.apiVersion).toBe("networking.istio.io/v1alpha3");
});

test("lists are of a namespace or of all, and select by labels", async () => {
  const other = YAML.replace("name: reviews,", "name: reviews, namespace: other,");
  const world = await World.start({
    "a.yaml": `${YAML}---\n${other}---\n${YAML.replace("name: reviews, labels: { app: reviews }", "name: bare")}`,
  });
  const all = RULES.replace("/namespaces/default", "");
  const names = async (target: string): Promise<string[]> => {
    const list = await world.json<{ kind: string; items: ObjectJson[] }>(target);
    expect(list.kind).toBe("DestinationRuleList");
    return list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
  };
  expect(await names(RULES)).toEqual(["default/bare", "default/reviews"]);
  expect(await names(all)).toEqual(["default/bare", "default/reviews", "other/reviews"]);
  expect(await names(`${all}?labelSelector=app%3Dreviews`)).toEqual([
    "default/reviews",
    "other/reviews",
  ]);
  expect(await names(`${all}?labelSelector=app`)).toHaveLength(2);
  expect(
    await names(`${all}?labelSelector=${encodeURIComponent("app notin (reviews, x)")}`),
  ).toEqual(["default/bare"]);
  expect(await names(`${all}?labelSelector=${encodeURIComponent("!app")}`)).toEqual([
    "default/bare",
  ]);
  expect(await names(`${all}?fieldSelector=metadata.name%3Dbare`)).toEqual(["default/bare"]);
});

const REVIEWS = `${RULES}/reviews`;
const VALID = {
  apiVersion: "networking.istio.io/v1",
  kind: "DestinationRule",
  metadata: { name: "reviews" },
  spec: { host: "a" },
};
const FOREIGN = { origin: "http://evil.example" };

test.each<[string, string, Sent, number, string]>([
  [
    "nothing there",
    `${RULES}/nobody`,
    {},
    404,
    'destinationrules.networking.istio.io \\"nobody\\" not found',
  ],
  ["an unknown kind", RULES.replace("destinationrules", "pods"), {}, 404, "could not find"],
  ["one that is there", RULES, { method: "POST", body: VALID }, 409, "AlreadyExists"],
  [
    "a change of nothing",
    `${RULES}/nobody`,
    { method: "PUT", body: { ...VALID, metadata: { name: "nobody" } } },
    404,
    "NotFound",
  ],
  [
    "an old version",
    REVIEWS,
    { method: "PUT", body: { ...VALID, metadata: { name: "reviews", resourceVersion: "old" } } },
    409,
    "Conflict",
  ],
  [
    "removal of an old version",
    REVIEWS,
    { method: "DELETE", body: { preconditions: { resourceVersion: "old" } } },
    409,
    "Conflict",
  ],
  [
    "a wrong field",
    REVIEWS,
    { method: "PUT", body: { ...VALID, spec: { host: 7 } } },
    422,
    '"field": "spec.host"',
  ],
  [
    "an unknown field",
    REVIEWS,
    { method: "PUT", body: { ...VALID, spec: { hots: "a" } } },
    422,
    "did you mean",
  ],
  [
    "another namespace",
    RULES,
    { method: "POST", body: { ...VALID, metadata: { name: "x", namespace: "other" } } },
    400,
    "does not match the namespace",
  ],
  [
    "another name",
    REVIEWS,
    { method: "PUT", body: { ...VALID, metadata: { name: "x" } } },
    400,
    "does not match the name",
  ],
  [
    "another group",
    REVIEWS,
    { method: "PUT", body: { ...VALID, apiVersion: "apps/v1" } },
    400,
    "apiVersion must be networking.istio.io/v1",
  ],
  [
    "another kind",
    REVIEWS,
    { method: "PUT", body: { ...VALID, kind: "Gateway" } },
    400,
    "kind must be DestinationRule",
  ],
  ["no object", REVIEWS, { method: "PUT", body: "[1" }, 400, "cannot be read"],
  ["two objects", RULES, yaml("POST", `${YAML}---\n${YAML}`), 400, "must be one object"],
  ["a watch", `${RULES}?watch=true`, {}, 400, "not supported"],
  ["a wrong selector", `${RULES}?labelSelector=a~b`, {}, 400, "labelSelector"],
  [
    "a field that is not selected by",
    `${RULES}?fieldSelector=spec.host%3Da`,
    {},
    400,
    "fieldSelector",
  ],
  ["a wrong dry run", `${RULES}?dryRun=yes`, { method: "POST", body: VALID }, 400, "dryRun"],
  ["an unknown method", REVIEWS, { method: "POST", body: VALID }, 405, "MethodNotAllowed"],
  [
    "making in no namespace",
    RULES.replace("/namespaces/default", ""),
    { method: "POST", body: VALID },
    405,
    "",
  ],
  [
    "a form of a browser",
    RULES,
    { method: "POST", body: "a=b", headers: { "content-type": "text/plain" } },
    415,
    "application/json",
  ],
  [
    "a form without a type",
    RULES,
    { method: "POST", body: "a=b", headers: { "content-type": "" } },
    415,
    "",
  ],
  ["a page of another site", REVIEWS, { method: "DELETE", headers: FOREIGN }, 403, "other sites"],
  [
    "a page without a site",
    REVIEWS,
    { method: "DELETE", headers: { origin: "null" } },
    403,
    "other sites",
  ],
  [
    "a browser's word for another site",
    REVIEWS,
    { method: "DELETE", headers: { "sec-fetch-site": "cross-site" } },
    403,
    "",
  ],
  [
    "health by a page of another site",
    "/v1/namespaces/default/workloads/a/health",
    { method: "PUT", body: { healthy: true }, headers: FOREIGN },
    403,
    "",
  ],
  [
    "health as a form",
    "/v1/namespaces/default/workloads/a/health",
    { method: "PUT", body: "x", headers: { "content-type": "text/plain" } },
    415,
    "",
  ],
  ["writing a debug page", "/debug/configz", { method: "PUT", body: {} }, 405, "GET"],
  ["a page that is a name of every object", "/constructor", {}, 404, "no page"],
])("%s is answered with its status", async (_case, target, sent, status, words) => {
  const world = await World.start({ "a.yaml": YAML });
  const answer = await world.send(target, sent);
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: expect.stringContaining(words),
  });
  expect(world.files.text("a.yaml")).toBe(YAML);
});

test("a page of its own origin may write", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const headers = { origin: "http://127.0.0.1:15014", "sec-fetch-site": "same-origin" };
  expect(await world.status(REVIEWS, { method: "DELETE", headers })).toBe(200);
});

test("dry runs answer as writes and change nothing", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const fresh = { ...VALID, metadata: { name: "other" } };
  expect(await world.status(`${RULES}?dryRun=All`, { method: "POST", body: fresh })).toBe(201);
  expect(await world.status(`${REVIEWS}?dryRun=All`, { method: "DELETE" })).toBe(200);
  expect(
    await world.status(`${REVIEWS}?dryRun=All`, { method: "PUT", body: { ...VALID, spec: {} } }),
  ).toBe(422);
  const { metadata } = await world.json(REVIEWS);
  const dry = await world.json(`${REVIEWS}?dryRun=All`, { method: "PUT", body: VALID });
  expect(dry.spec).toEqual({ host: "a" });
  expect(dry.metadata.resourceVersion).toBe(metadata.resourceVersion ?? "");
  expect(world.files.paths).toEqual(["a.yaml"]);
  expect(world.files.text("a.yaml")).toBe(YAML);
});

test("a merge patch changes what it names", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const patched = await world.json(REVIEWS, {
    method: "PATCH",
    body: { metadata: { labels: { app: null, team: "shop" } }, spec: { subsets: null } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  expect(patched.metadata.labels).toEqual({ team: "shop" });
  expect(patched.spec).toEqual({ host: "reviews.default.svc.cluster.local" });
  expect(world.files.text("a.yaml")).toContain("# in full");
});

test("a patch that is nested without end is refused, and changes nothing", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const body = `{"spec":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`;
  const sent = { headers: { "content-type": "application/merge-patch+json" }, body };
  expect(await world.json(REVIEWS, { method: "PATCH", ...sent })).toMatchObject({
    code: 400,
    message: "the body is nested too deeply: at most 100 levels are read",
  });
  expect(world.files.text("a.yaml")).toBe(YAML);
});

test("of two patches at once one is told to try again", async () => {
  const world = await World.start({ "a.yaml": YAML });
  const headers = { "content-type": "application/merge-patch+json" };
  const patch = (label: string): Promise<number> => {
    const body = { metadata: { labels: { [label]: "x" } } };
    return world.status(REVIEWS, { method: "PATCH", body, headers });
  };
  expect((await Promise.all([patch("a"), patch("b")])).sort()).toEqual([200, 409]);
});

test("warnings come as headers, as kubectl shows them", async () => {
  const world = await World.start();
  const subsetless = YAML.replace(
    "spec:\n",
    "spec:\n  trafficPolicy: { connectionPool: { tcp: { maxConnections: 0 } } }\n",
  );
  const answer = await world.send(RULES, yaml("POST", subsetless));
  expect(answer.status).toBe(201);
  expect(answer.headers?.["warning"]).toMatch(
    /^299 - "DestinationRule default\/reviews: spec\..*no limit/,
  );
});

test("clients find what there is", async () => {
  const world = await World.start();
  expect(await world.json<unknown>("/version")).toMatchObject({
    major: "1",
    minor: "2",
    gitVersion: "v1.2.3",
  });
  expect(await world.json<unknown>("/apis")).toMatchObject({
    groups: [{ name: "networking.istio.io" }],
  });
  const { resources } = await world.json<{ resources: unknown[] }>("/apis/networking.istio.io/v1");
  expect(resources).toContainEqual(
    expect.objectContaining({
      name: "virtualservices",
      shortNames: ["vs"],
      kind: "VirtualService",
    }),
  );
});

test("a change is live when every proxy has accepted a snapshot with it", async () => {
  const world = await World.start({ "s.yaml": SERVICE });
  const live = (): Promise<unknown> =>
    world.json("/debug/livez?object=DestinationRule/default/reviews&resources");
  new FakeProxy(world.pilot.xdsService, { address: "127.77.90.9" });
  expect(await live()).toMatchObject({ error: expect.stringContaining("no object") });
  await world.send(RULES, yaml("POST", YAML));
  expect(await live()).toMatchObject({ exists: true, state: "behind", live: 0, total: 1 });
  world.time.advance(200);
  expect(await live()).toMatchObject({
    state: "live",
    live: 1,
    proxies: [{ resources: { CDS: 2 } }],
  });
  await world.send(REVIEWS, { method: "DELETE" });
  expect(await live()).toMatchObject({ exists: false, state: "behind" });
  world.time.advance(200);
  expect(await live()).toMatchObject({ exists: false, state: "live" });
});

test("a refusal is told of the objects that made the refused resource, and of no others", async () => {
  const world = await World.start({ "s.yaml": SERVICE, "a.yaml": YAML });
  const words =
    "Error adding/updating cluster(s) outbound|9080|v1|reviews.default.svc.cluster.local: no";
  new FakeProxy(world.pilot.xdsService, { refuses: { [CLUSTER]: words } });
  expect(await world.json(REVIEWS)).toMatchObject({
    status: {
      conditions: [
        {
          type: "Live",
          status: "False",
          reason: "Rejected",
          message: expect.stringContaining(words),
        },
      ],
    },
  });
  const gateway = {
    apiVersion: VALID.apiVersion,
    kind: "Gateway",
    metadata: { name: "g" },
    spec: { servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
  };
  await world.send(RULES.replace("destinationrules", "gateways"), {
    method: "POST",
    body: gateway,
  });
  world.time.advance(200);
  expect(await world.json("/debug/livez?object=Gateway/default/g")).toMatchObject({
    state: "live",
  });
});

test("the author's text is given to who edits it", async () => {
  const world = await World.start({ "a.yaml": `# the file\n\n${YAML}` });
  const document = await world.json<{ text: string; source: unknown; resourceVersion: string }>(
    "/debug/documentz?object=DestinationRule/default/reviews",
  );
  expect(document).toMatchObject({ text: YAML, source: { file: "mesh/a.yaml", line: 4 } });
  const { metadata } = await world.json(REVIEWS);
  expect(document.resourceVersion).toBe(metadata.resourceVersion ?? "");
});
