import { describe, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
  ResourceSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import type { Random } from "#base/random.ts";
import { RECONNECT_BASE_MS, RECONNECT_MAX_MS } from "#xds/limits.ts";
import { NODE } from "#xds/testing/messages.ts";
import type { XdsRequest, XdsResponse, XdsVariant } from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, WRAPPER } from "#xds/type-url.ts";
import { XdsClient } from "./client.ts";
import { ACCEPTED, type ResourceUpdate, type Verdict } from "./owner.ts";

const HIGHEST: Random = { u32: () => 0xffff_ffff };

class Subject {
  readonly updates: ResourceUpdate[] = [];
  verdict: Verdict = ACCEPTED;
  readonly client: XdsClient;

  constructor(variant: XdsVariant) {
    this.client = new XdsClient({
      variant,
      node: NODE,
      random: HIGHEST,
      owner: {
        handleUpdate: (update) => {
          this.updates.push(update);
          return this.verdict;
        },
      },
    });
  }

  open(): this {
    this.client.start();
    expect(this.client.wantsStream).toBe(true);
    this.client.handleOpened();
    return this;
  }

  said(): XdsRequest[] {
    const requests: XdsRequest[] = [];
    for (let r = this.client.nextRequest(); r !== undefined; r = this.client.nextRequest()) {
      requests.push(r);
    }
    return requests;
  }

  reconnect(): void {
    this.client.handleClosed(0);
    this.client.handleTimeout(this.client.nextTimeoutMs() ?? Number.NaN);
    expect(this.client.wantsStream).toBe(true);
    this.client.handleOpened();
  }
}

const body = new Uint8Array([1, 2]);

function sotw(typeUrl: string, nonce: string, versionInfo: string, inner = typeUrl): XdsResponse {
  const resources = [create(AnySchema, { typeUrl: inner, value: body })];
  return create(DiscoveryResponseSchema, { typeUrl, nonce, versionInfo, resources });
}

function delta(
  typeUrl: string,
  nonce: string,
  versions: Readonly<Record<string, string>>,
  removedResources: string[] = [],
): XdsResponse {
  const resources = Object.entries(versions).map(([name, version]) =>
    create(ResourceSchema, { name, version, resource: { typeUrl, value: body } }),
  );
  return create(DeltaDiscoveryResponseSchema, { typeUrl, nonce, resources, removedResources });
}

test("the node is in the first request of a stream only", () => {
  const s = new Subject("sotw").open();
  s.client.subscribeAll(CLUSTER);
  s.client.subscribeAll(LISTENER);
  expect(s.said().map((r) => [r.typeUrl, r.node?.id])).toEqual([
    [CLUSTER, NODE.id],
    [LISTENER, undefined],
  ]);
  s.reconnect();
  expect(s.said().map((r) => r.node?.id)).toEqual([NODE.id, undefined]);
});

test("nothing is said while there is no stream", () => {
  const s = new Subject("sotw");
  s.client.subscribeAll(CLUSTER);
  expect(s.said()).toEqual([]);
});

describe("SotW", () => {
  test("accepted and refused responses: nonce of the response, version of the last good one", () => {
    const s = new Subject("sotw").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    s.client.handleResponse(sotw(CLUSTER, "n1", "v1"));
    expect(s.said()).toMatchObject([{ responseNonce: "n1", versionInfo: "v1", resourceNames: [] }]);
    s.verdict = { kind: "rejected", message: "a: no", refused: "all" };
    s.client.handleResponse(sotw(CLUSTER, "n2", "v2"));
    const [nack] = s.said();
    expect(nack).toMatchObject({
      responseNonce: "n2",
      versionInfo: "v1",
      errorDetail: { code: 13, message: "a: no" },
    });
  });

  test("a reconnect says the last accepted version, unless something was refused since", () => {
    const s = new Subject("sotw").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    s.client.handleResponse(sotw(CLUSTER, "n1", "v1"));
    s.said();
    s.reconnect();
    expect(s.said()).toMatchObject([{ responseNonce: "", versionInfo: "v1" }]);
    s.verdict = { kind: "rejected", message: "a: no", refused: new Set(["a"]) };
    s.client.handleResponse(sotw(CLUSTER, "n2", "v2"));
    s.reconnect();
    expect(s.said()).toMatchObject([{ responseNonce: "", versionInfo: "" }]);
  });

  test("names: every request lists all of them", () => {
    const s = new Subject("sotw").open();
    s.client.subscribe(ENDPOINT, ["a", "b"]);
    expect(s.said()).toMatchObject([{ resourceNames: ["a", "b"] }]);
    s.client.unsubscribe(ENDPOINT, ["a"]);
    s.client.subscribe(ENDPOINT, ["c", "c"]);
    expect(s.said()).toMatchObject([{ resourceNames: ["b", "c"] }]);
    expect(s.said()).toEqual([]);
  });

  test("a watch that wants nothing does not turn into the wildcard by a reconnect", () => {
    const s = new Subject("sotw").open();
    s.client.subscribe(CLUSTER, ["a"]);
    s.said();
    s.client.unsubscribe(CLUSTER, ["a"]);
    expect(s.said()).toMatchObject([{ resourceNames: [] }]);
    s.reconnect();
    expect(s.said()).toEqual([]);
  });

  test("wrapped resources are unwrapped, heartbeats and malformed ones told apart", () => {
    const s = new Subject("sotw").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    const wrapped = (value: Uint8Array): XdsResponse =>
      create(DiscoveryResponseSchema, {
        typeUrl: CLUSTER,
        nonce: "n",
        resources: [{ typeUrl: WRAPPER, value }],
      });
    const encode = (inner?: { typeUrl: string; value: Uint8Array }): Uint8Array =>
      toBinary(
        ResourceSchema,
        create(ResourceSchema, { name: "a", ...(inner && { resource: inner }) }),
      );
    s.client.handleResponse(wrapped(encode({ typeUrl: CLUSTER, value: body })));
    s.client.handleResponse(wrapped(encode()));
    s.client.handleResponse(wrapped(new Uint8Array([255])));
    expect(s.updates.map((u) => u.resources.map((r) => [r.name, r.body]))).toEqual([
      [["a", body]],
      [],
    ]);
    expect(s.said().at(-1)?.errorDetail?.message).toContain("malformed");
  });

  test("a resource of another type is refused without the owner", () => {
    const s = new Subject("sotw").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    s.client.handleResponse(sotw(CLUSTER, "n1", "v1", LISTENER));
    expect(s.updates).toEqual([]);
    expect(s.said()[0]?.errorDetail?.message).toContain(LISTENER);
  });

  test("a paused type keeps its ACK, of which then only the last is given", () => {
    const s = new Subject("sotw").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    s.client.pause(CLUSTER);
    s.client.handleResponse(sotw(CLUSTER, "n1", "v1"));
    s.client.handleResponse(sotw(CLUSTER, "n2", "v2"));
    expect(s.said()).toEqual([]);
    s.client.resume(CLUSTER);
    expect(s.said()).toMatchObject([{ responseNonce: "n2", versionInfo: "v2" }]);
  });
});

describe("delta", () => {
  test("only changes of the subscription are said, each once", () => {
    const s = new Subject("delta").open();
    s.client.subscribeAll(CLUSTER);
    s.client.subscribe(ENDPOINT, ["a", "b"]);
    expect(s.said()).toMatchObject([
      { typeUrl: CLUSTER, resourceNamesSubscribe: [] },
      { typeUrl: ENDPOINT, resourceNamesSubscribe: ["a", "b"] },
    ]);
    s.client.unsubscribe(ENDPOINT, ["a", "never"]);
    s.client.subscribe(ENDPOINT, ["c"]);
    expect(s.said()).toMatchObject([
      { resourceNamesSubscribe: ["c"], resourceNamesUnsubscribe: ["a"], responseNonce: "" },
    ]);
    expect(s.said()).toEqual([]);
  });

  test("every response is answered, each by its own nonce", () => {
    const s = new Subject("delta").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    s.client.handleResponse(delta(CLUSTER, "n1", { a: "1" }));
    s.verdict = { kind: "rejected", message: "b: no", refused: new Set(["b"]) };
    s.client.handleResponse(delta(CLUSTER, "n2", { b: "1", c: "1" }, ["a"]));
    expect(s.said().map((r) => [r.responseNonce, r.errorDetail?.message])).toEqual([
      ["n1", undefined],
      ["n2", "b: no"],
    ]);
  });

  test("a reconnect says what is held: taken beside a refused one too, not what was removed or given up", () => {
    const s = new Subject("delta").open();
    s.client.subscribe(ENDPOINT, ["a", "b", "c", "d"]);
    s.said();
    s.client.handleResponse(delta(ENDPOINT, "n1", { a: "1", b: "1", stranger: "1" }));
    s.verdict = { kind: "rejected", message: "c: no", refused: new Set(["c"]) };
    s.client.handleResponse(delta(ENDPOINT, "n2", { b: "2", c: "1", d: "1" }, ["a"]));
    s.client.unsubscribe(ENDPOINT, ["d"]);
    s.reconnect();
    expect(s.said()).toMatchObject([
      { resourceNamesSubscribe: ["a", "b", "c"], initialResourceVersions: { b: "2" } },
    ]);
    s.said();
    s.client.subscribe(ENDPOINT, ["e"]);
    expect(s.said()).toMatchObject([{ initialResourceVersions: {} }]);
  });

  test("the same name twice is refused without the owner", () => {
    const s = new Subject("delta").open();
    s.client.subscribeAll(CLUSTER);
    s.said();
    const twice = delta(CLUSTER, "n1", { a: "1" });
    if (twice.$typeName === "envoy.service.discovery.v3.DeltaDiscoveryResponse") {
      twice.resources.push(...twice.resources);
    }
    s.client.handleResponse(twice);
    expect(s.updates).toEqual([]);
    expect(s.said()[0]?.errorDetail?.message).toBe("a: duplicate resource name");
  });
});

test("a response nobody asked for is not answered", () => {
  const s = new Subject("sotw").open();
  s.client.handleResponse(sotw(CLUSTER, "n1", "v1"));
  expect(s.said()).toEqual([]);
  expect(s.updates).toEqual([]);
});

test("back-off doubles up to its maximum, and starts anew after a response", () => {
  const s = new Subject("sotw").open();
  s.client.subscribeAll(CLUSTER);
  const waits: number[] = [];
  const fail = (): void => {
    s.client.handleClosed(0);
    const at = s.client.nextTimeoutMs() ?? Number.NaN;
    waits.push(Math.round(at));
    s.client.handleTimeout(at - 1);
    expect(s.client.wantsStream).toBe(false);
    s.client.handleTimeout(at);
    s.client.handleOpened();
  };
  for (let i = 0; i < 8; i += 1) fail();
  s.client.handleResponse(sotw(CLUSTER, "n1", "v1"));
  fail();
  expect(waits).toEqual([
    ...[500, 1000, 2000, 4000, 8000, 16_000, RECONNECT_MAX_MS, RECONNECT_MAX_MS],
    RECONNECT_BASE_MS,
  ]);
});
