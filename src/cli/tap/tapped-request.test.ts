// From a proxy's words to lines: names, times, secrets, flags, and text that would break a terminal.
import { expect, test } from "bun:test";
import { fromJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { TapRequestSchema } from "#api/envoy/admin/v3/tap_pb.ts";
import { REGISTRY } from "#api/registry.ts";
import { parseTapRequest } from "#proxy/config/parse-tap-request.ts";
import { MeshNames } from "../client/mesh-names.ts";
import { requestJson, requestLines } from "./request-lines.ts";
import { SHARE_DENOMINATOR, toTapRequest } from "./tap-filters.ts";
import { type TappedRequest, toTappedRequest } from "./tapped-request.ts";
import { parseTapMessage } from "./trace.ts";

const proxy = (name: string, ipAddress: string, type = "sidecar") => ({
  proxy: `${type}~${ipAddress}~${name}.default~x`,
  name,
  namespace: "default",
  type,
  address: "",
  ipAddress,
  adminAddress: undefined,
  version: "",
  userAgent: "",
  variant: "delta" as const,
  connectedAtMs: 0,
  state: "live" as const,
  types: [],
});

const names = new MeshNames(
  [
    proxy("productpage-v1-1", "127.0.1.3"),
    proxy("reviews-v2-1", "127.0.1.6"),
    proxy("gateway", "127.0.0.1", "router"),
  ],
  [
    {
      hostname: "reviews.default.svc.cluster.local",
      namespace: "default",
      ports: [{ number: 9080, endpoints: [{ address: "127.0.1.6", port: 15006 }] }],
    },
    { hostname: "reviews.other.svc.cluster.local", namespace: "other", ports: [] },
    { hostname: "api.example.com", namespace: "default", ports: [] },
  ],
);

const fields = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([key, value]) => ({ key, value, raw_value: "" }));
const connection = (address: string, port_value: number) => ({
  remote_address: { socket_address: { address, port_value } },
});

interface Given {
  readonly request?: Readonly<Record<string, string>>;
  readonly response?: Readonly<Record<string, string>>;
  readonly upstream?: ReturnType<typeof connection> | object;
  readonly sampan?: object;
}

function traceText({ request, response, upstream, sampan }: Given): string {
  return JSON.stringify({
    http_buffered_trace: {
      request: {
        headers: fields({
          ":authority": "reviews:9080",
          ":path": "/reviews/0",
          ":method": "GET",
          ":scheme": "http",
          ...request,
        }),
        headers_received_time: "2026-11-24T00:34:35.667657Z",
      },
      ...(response && {
        response: {
          headers: fields(response),
          headers_received_time: "2026-11-24T00:34:35.671236Z",
        },
      }),
      downstream_connection: connection("127.0.0.1", 58_150),
      upstream_connection: upstream ?? connection("127.0.1.6", 15_006),
    },
    ...(sampan && { sampan }),
  });
}

const OK = { ":status": "200", "content-length": "12", "x-envoy-upstream-service-time": "3" };
const OUTBOUND = { proxy: "productpage-v1-1", isShared: false, direction: "outbound" } as const;

function tapped(given: Given, observer = OUTBOUND): TappedRequest {
  const message = parseTapMessage(traceText(given));
  if (message?.kind !== "trace") throw new Error("no trace");
  return toTappedRequest("1:0", message.trace, observer, names);
}

test("the three lines", () => {
  expect(requestLines(tapped({ response: OK }), false)).toEqual([
    "req id=1:0 proxy=out src=productpage-v1-1 dst=reviews-v2-1 :method=GET :authority=reviews:9080 :path=/reviews/0",
    "rsp id=1:0 proxy=out src=productpage-v1-1 dst=reviews-v2-1 :status=200 latency=3579us",
    "end id=1:0 proxy=out src=productpage-v1-1 dst=reviews-v2-1 response-length=12B",
  ]);
});

test("wide lines say where, and why it went wrong", () => {
  const sampan = {
    response_flags: "UF,URX",
    upstream_cluster: "outbound|9080|v2|reviews.default.svc.cluster.local",
    duration_ms: 4.25,
    bytes_sent: 98,
  };
  const lines = requestLines(tapped({ response: { ":status": "503" }, sampan }), true);
  expect(lines[1]).toEndWith(":status=503 latency=3579us flags=UF,URX");
  expect(lines[2]).toBe(
    'end id=1:0 proxy=out src=productpage-v1-1 dst=reviews-v2-1 src-addr=127.0.0.1:58150 dst-addr=127.0.1.6:15006 service=reviews.default proxy-name=productpage-v1-1 duration=4250us response-length=98B why="No connection to the upstream could be made; sent with 503. All retries (HTTP) or connection attempts (TCP) were used up."',
  );
});

const local = (status: string, more: Readonly<Record<string, string>> = {}) => ({
  ":status": status,
  "content-type": "text/plain",
  ...more,
});

// The forms in which Envoy 1.40 answers by itself.
test.each<[string, Given, string]>([
  ["the upstream's own 503", { response: { ...OK, ":status": "503" } }, ""],
  ["no host", { response: local("503", { "content-length": "19" }), upstream: {} }, "UH"],
  ["no connection", { response: local("503", { "content-length": "98" }), upstream: {} }, "UF"],
  ["a connection that broke", { response: local("503", { "content-length": "95" }) }, "UC"],
  ["too many", { response: local("503", { "x-envoy-overloaded": "true" }), upstream: {} }, "UO"],
  ["too slow", { response: local("504", { "content-length": "24" }) }, "UT"],
  ["no route", { response: { ":status": "404" }, upstream: {} }, "NR"],
  ["a fault", { response: local("555", { "content-length": "18" }), upstream: {} }, "FI"],
  ["a direct response", { response: local("418", { "content-length": "3" }), upstream: {} }, ""],
  ["nobody to answer", {}, "DC"],
])("what Envoy does not tell is drawn from its reply: %s", (_name, given, flag) => {
  const request = tapped(given);
  expect(request.responseFlags.join()).toBe(flag);
  expect(request.flagsAreInferred).toBe(flag !== "");
  if (flag !== "") expect(request.explanation).toStartWith("Probably: ");
});

test.each([
  ["by the cluster", { sampan: { upstream_cluster: "outbound|1||a.b.svc.cluster.local" } }, "a.b"],
  ["by the name asked for", { request: { ":authority": "reviews.other:80" } }, "reviews.other"],
  ["an external host", { request: { ":authority": "api.example.com" } }, "api.example.com"],
  ["by the host reached", { request: { ":authority": "10.1.2.3" } }, "reviews.default"],
  ["nothing known", { request: { ":authority": "x" }, upstream: {} }, undefined],
])("the service: %s", (_name, given, service) => {
  expect(tapped({ response: OK, ...given }).service).toBe(service);
});

test("credentials are not shown, in no format", () => {
  const secret = "hunter2";
  const request = tapped({
    request: { authorization: secret, cookie: secret, "x-api-key": secret },
    response: { ...OK, "set-cookie": secret },
  });
  const texts = [requestJson(request), ...requestLines(request, true)].join("\n");
  expect(texts).not.toContain(secret);
  expect(texts).toContain('["cookie","[redacted]"]');
});

test("the path is the one that the client wrote", () => {
  const request = { ":path": "/new", "x-envoy-original-path": "/old?x=1" };
  expect(tapped({ request, response: OK }).path).toBe("/old?x=1");
});

test("no value breaks a line, or is endless", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
      const request = tapped({
        request: { ":path": text, ":method": text, ":authority": text },
        response: { ...OK, ":status": text },
      });
      for (const line of [...requestLines(request, true), requestJson(request)]) {
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }
      for (const line of requestLines(request, true)) expect(line.length).toBeLessThan(12_000);
    }),
  );
});

test("whatever a proxy sends is a message or none", () => {
  const json = fc.oneof(
    fc.json(),
    fc.json().map((text) => `{"http_buffered_trace":${text}}`),
    fc
      .json()
      .map(
        (text) => `{"http_buffered_trace":{"request":${text},"response":${text}},"sampan":${text}}`,
      ),
    fc.string(),
  );
  fc.assert(
    fc.property(json, (text) => {
      const message = parseTapMessage(text);
      if (message?.kind !== "trace") return;
      const request = toTappedRequest("1:0", message.trace, OUTBOUND, names);
      expect(requestLines(request, true).length).toBeGreaterThanOrEqual(2);
    }),
  );
});

test("every choice of filters is a request that proxies accept", () => {
  const filters = fc.record({
    method: fc.option(fc.constantFrom("GET", "POST"), { nil: undefined }),
    pathPrefix: fc.option(fc.constant("/a"), { nil: undefined }),
    status: fc.option(fc.constantFrom("503", "5xx"), { nil: undefined }),
    headers: fc.array(
      fc.record({
        name: fc.constantFrom("x-a", "end-user"),
        value: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
    service: fc.constant(undefined),
  });
  const shares = fc.integer({ min: 1, max: SHARE_DENOMINATOR });
  fc.assert(
    fc.property(filters, shares, (chosen, share) => {
      const json = toTapRequest("sampan.outbound", chosen, share) as Record<string, never>;
      const parsed = parseTapRequest(fromJson(TapRequestSchema, json, { registry: REGISTRY }));
      expect(parsed.kind).toBe("parsed");
      if (parsed.kind !== "parsed") return;
      const { numerator, denominator } = parsed.value.sampling;
      expect(numerator / denominator).toBeCloseTo(share / SHARE_DENOMINATOR);
    }),
  );
});
