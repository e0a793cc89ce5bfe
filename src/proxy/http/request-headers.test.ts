// What the connection manager makes of a request's fields before routing, and of a response's: Envoy's mutateRequestHeaders, field by field.
import { afterEach, describe, expect, test } from "bun:test";
import { get, type Json, ok, ProxyFixture, wire } from "../testing/proxy-fixture.ts";

let current: ProxyFixture | undefined;

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

/** The fields that the origin gets of a request with `fields`, in order, without host and the expected time. */
function upstreamFields(hcm: Json, ...fields: readonly string[]): readonly string[] {
  current = new ProxyFixture({ hcm });
  current.client(get("/", ...fields));
  const lines = current.origin.last.take().split("\r\n").slice(1, -2);
  return lines.filter((line) => !/^host:|^x-envoy-expected-rq-timeout-ms:/.test(line));
}

function downstreamFields(
  hcm: Json,
  request: string,
  ...fields: readonly string[]
): readonly string[] {
  current = new ProxyFixture({ hcm });
  const client = current.client(request);
  current.send(current.origin.last, ok("", ...fields));
  return client.take().split("\r\n").slice(1, -2);
}

const EDGE = { use_remote_address: true };
const PROTO = "x-forwarded-proto: http";
const HERE = "127.77.0.1";

describe("where a request comes from", () => {
  test("inside the mesh: what the client says stands", () => {
    expect(upstreamFields({})).toEqual([PROTO]);
    expect(upstreamFields({}, "x-forwarded-for: 1.2.3.4", "x-forwarded-proto: https")).toEqual([
      "x-forwarded-for: 1.2.3.4",
      "x-forwarded-proto: https",
    ]);
  });

  test("a scheme that is none is not believed", () => {
    expect(upstreamFields({}, "x-forwarded-proto: gopher")).toEqual([PROTO]);
  });

  test("at the edge: the peer is appended, the scheme is ours, the external address is noted", () => {
    const fields = upstreamFields(EDGE, "x-forwarded-for: 1.2.3.4", "x-forwarded-proto: https");
    expect(fields).toContain(`x-forwarded-for: 1.2.3.4,${HERE}`);
    expect(fields).toContain(PROTO);
    expect(fields).not.toContain("x-forwarded-proto: https");
  });

  test("skip_xff_append", () => {
    const fields = upstreamFields({ ...EDGE, skip_xff_append: true }, "x-forwarded-for: 1.2.3.4");
    expect(fields).toContain("x-forwarded-for: 1.2.3.4");
  });

  test("behind trusted hops: the address that they say", () => {
    const hops = { ...EDGE, xff_num_trusted_hops: 1 };
    const fields = upstreamFields(
      hops,
      "x-forwarded-for: 6.6.6.6, 1.2.3.4",
      "x-forwarded-proto: https",
    );
    expect(fields).toContain("x-envoy-external-address: 1.2.3.4");
    expect(fields).toContain("x-forwarded-proto: https");
  });
});

describe("what outsiders may not say", () => {
  const CONTROL = [
    "x-envoy-internal: true",
    "x-envoy-retry-on: 5xx",
    "x-envoy-max-retries: 9",
    "x-envoy-upstream-rq-timeout-ms: 1",
    "x-envoy-upstream-rq-per-try-timeout-ms: 1",
    "x-envoy-expected-rq-timeout-ms: 1",
    "x-envoy-force-trace: true",
    "x-envoy-retriable-status-codes: 200",
  ];

  test("control fields end here", () => {
    expect(upstreamFields({}, ...CONTROL)).toEqual([PROTO]);
  });

  test("marks of other proxies pass inside the mesh, and end at the edge", () => {
    const marks = ["x-envoy-original-path: /old", "x-envoy-decorator-operation: op"];
    expect(upstreamFields({}, ...marks)).toEqual([...marks, PROTO]);
    for (const mark of marks) expect(upstreamFields(EDGE, ...marks)).not.toContain(mark);
  });

  test("a client certificate that nobody verified", () => {
    expect(upstreamFields({}, "x-forwarded-client-cert: By=spiffe://a")).toEqual([PROTO]);
  });

  test("the connection field takes none of ours with it", () => {
    current = new ProxyFixture();
    const client = current.client(get("/", "connection: close, x-forwarded-for"));
    expect(client.take()).toStartWith("HTTP/1.1 400 ");
  });
});

describe("ids", () => {
  const UUID =
    /^x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const ids = (fields: readonly string[]): readonly string[] =>
    fields.filter((line) => line.startsWith("x-request-id"));

  test("a new one where there is none; each request its own", () => {
    const first = ids(upstreamFields({ generate_request_id: true }));
    expect(first).toHaveLength(1);
    expect(first[0]).toMatch(UUID);
    const f = new ProxyFixture({ hcm: { generate_request_id: true } });
    const client = f.client(get());
    f.send(f.origin.last, ok());
    f.send(client, get());
    const both = f.origin.last.take().match(/x-request-id: \S+/g) ?? [];
    expect(new Set(both).size).toBe(2);
  });

  test("the client's is kept inside the mesh, replaced at the edge, kept there when told so", () => {
    const mine = "x-request-id: mine";
    expect(ids(upstreamFields({ generate_request_id: true }, mine))).toEqual([mine]);
    expect(ids(upstreamFields({ ...EDGE, generate_request_id: true }, mine))[0]).toMatch(UUID);
    const preserving = { ...EDGE, generate_request_id: true, preserve_external_request_id: true };
    expect(ids(upstreamFields(preserving, mine))).toEqual([mine]);
    expect(ids(upstreamFields({}, mine))).toEqual([mine]);
  });

  test("always_set_request_id_in_response", () => {
    const hcm = { generate_request_id: true, always_set_request_id_in_response: true };
    expect(downstreamFields(hcm, get("/", "x-request-id: mine"))).toContain("x-request-id: mine");
  });
});

describe("who answered", () => {
  test.each<[transformation: string | undefined, origin: string[], expected: string]>([
    [undefined, ["server: nginx"], "server: envoy"],
    ["OVERWRITE", [], "server: envoy"],
    ["APPEND_IF_ABSENT", ["server: nginx"], "server: nginx"],
    ["APPEND_IF_ABSENT", [], "server: envoy"],
    ["PASS_THROUGH", ["server: nginx"], "server: nginx"],
    ["PASS_THROUGH", [], ""],
  ])("server_header_transformation %s, origin %p: %s", (transformation, origin, expected) => {
    const hcm =
      transformation === undefined ? {} : { server_header_transformation: transformation };
    const servers = downstreamFields(hcm, get(), ...origin).filter((f) => f.startsWith("server"));
    expect(servers.join()).toBe(expected);
  });

  test("server_name, via both ways, the origin's date", () => {
    const hcm = { server_name: "sampan", via: "1.1 here" };
    const fields = downstreamFields(hcm, get(), "date: then", "via: 1.1 there");
    expect(fields).toContain("server: sampan");
    expect(fields).toContain("date: then");
    expect(fields.filter((field) => field.startsWith("date"))).toHaveLength(1);
    expect(upstreamFields(hcm)).toContain("via: 1.1 here");
    expect(upstreamFields(hcm, "via: 1.1 before")).toContain("via: 1.1 before, 1.1 here");
  });
});

describe("paths", () => {
  const pathOf = (hcm: Json, path: string): string => {
    current = new ProxyFixture({ hcm });
    const client = current.client(wire(`GET ${path} HTTP/1.1`, "host: h"));
    const peer = current.origin.peers[0];
    return peer === undefined ? client.take().slice(9, 12) : (peer.take().split(" ")[1] ?? "");
  };

  test.each([
    ["/a/../b", "/b"],
    ["/a/./b/%2e%2E/c", "/a/c"],
    ["/../../b", "/b"],
    ["/%61%7e", "/a~"],
    ["/a\\b", "/a/b"],
    ["/a//b", "/a//b"],
    ["/%252e%zz", "/%252e%zz"],
    ["/a?q=/../%61", "/a?q=/../%61"],
    ["/a%00", "400"],
  ])("normalize_path: %s -> %s", (sent, expected) => {
    expect(pathOf({ normalize_path: true }, sent)).toBe(expected);
    // Without it nothing is touched.
    expect(pathOf({ normalize_path: false }, sent)).toBe(sent);
  });

  test("merge_slashes", () => {
    expect(pathOf({ merge_slashes: true }, "//a///b?x=//")).toBe("/a/b?x=//");
  });
});

test("headers_with_underscores_action", () => {
  const withAction = (action: string): Json => ({
    common_http_protocol_options: { headers_with_underscores_action: action },
  });
  expect(upstreamFields(withAction("ALLOW"), "a_b: 1")).toEqual(["a_b: 1", PROTO]);
  expect(upstreamFields(withAction("DROP_HEADER"), "a_b: 1", "c: 2")).toEqual(["c: 2", PROTO]);
  current = new ProxyFixture({ hcm: withAction("REJECT_REQUEST") });
  const client = current.client(get("/", "a_b: 1"));
  expect(client.take()).toStartWith("HTTP/1.1 400 Bad Request\r\n");
  expect(current.logs()).toEqual(["- - 400 DPE http1.unexpected_underscore"]);
});
