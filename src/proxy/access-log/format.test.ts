import { expect, test } from "bun:test";
import fc from "fast-check";
import { HeaderBlock } from "#codec/header-block.ts";
import { headerName } from "#codec/header-name.ts";
import { RequestHead } from "#codec/http1/request-head.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";
import { FLAG, withFlag } from "../response-flags.ts";
import type { StreamInfo } from "../stream-info.ts";
import { compileJson, compileText, DEFAULT_FORMAT } from "./format.ts";
import { OPERATORS } from "./operators.ts";
import { SAMPLE_ENVIRONMENT, sampleStream } from "./testing/sample-stream.ts";

function written(format: string, info: StreamInfo = sampleStream()): string {
  const compiled = compileText(format, SAMPLE_ENVIRONMENT);
  if (compiled.kind === "rejected") return `rejected: ${compiled.message}`;
  const out = new OutputBuffer();
  compiled.value.write(info, out);
  return out.text();
}

function writtenJson(fields: Record<string, unknown>, info: StreamInfo = sampleStream()): string {
  const compiled = compileJson(fields, SAMPLE_ENVIRONMENT);
  if (compiled.kind === "rejected") return `rejected: ${compiled.path}: ${compiled.message}`;
  const out = new OutputBuffer();
  compiled.value.write(info, out);
  return out.text();
}

/** A request whose bytes a peer chose: path and User-Agent are taken as they are. */
function requestOf(path: string, userAgent = ""): StreamInfo {
  const head = new RequestHead();
  head.method = "GET";
  head.setPath(path);
  head.setAuthority("h");
  if (userAgent !== "") head.append(headerName("user-agent"), userAgent);
  return sampleStream({ requestHead: head });
}

test("the default format writes Envoy's line, quotes of the peer escaped", () => {
  expect(written(DEFAULT_FORMAT)).toBe(
    '[2026-11-23T21:54:47.239Z] "GET /p/a?a=xyz&b=2 HTTP/1.1" 200 - 0 6 0 0 "-" "ua \\"q\\\\uo" "3d77fbd9-e273-4ad2-98df-0d1b204f9a12" "127.77.5.1:10005" "127.77.5.2:18080"\n',
  );
});

test("the default format writes Envoy's line for bytes that are no request, and for TCP", () => {
  const nothing = { requestHead: undefined, responseHead: undefined, upstreamHost: undefined };
  const bad = sampleStream({
    ...nothing,
    responseCode: 400,
    responseFlags: FLAG.DPE,
    bytesSent: 11,
  });
  expect(written(DEFAULT_FORMAT, bad)).toBe(
    '[2026-11-23T21:54:47.239Z] "- - HTTP/1.1" 400 DPE 0 11 0 - "-" "-" "-" "-" "-"\n',
  );
  const tcp = sampleStream({
    ...nothing,
    protocol: undefined,
    responseCode: 0,
    bytesReceived: 85,
    bytesSent: 146,
    upstreamHost: { host: "127.77.5.2", port: 18080 },
  });
  expect(written(DEFAULT_FORMAT, tcp)).toBe(
    '[2026-11-23T21:54:47.239Z] "- - -" 0 - 85 146 0 - "-" "-" "-" "-" "127.77.5.2:18080"\n',
  );
  expect(written("%ACCESS_LOG_TYPE%", tcp)).toBe("TcpConnectionEnd");
});

// What a running Envoy 1.40 wrote for the same request.
test.each([
  ["%PROTOCOL%", "HTTP/1.1"],
  ["%PATH%", "/p/a?a=xyz&b=2"],
  ["%PATH(WQ)%", "/p/a?a=xyz&b=2"],
  ["%PATH(NQ)%", "/p/a"],
  ["%PATH(WQ:ORIG)%", "-"],
  ["%PATH(NQ:PATH)%", "/p/a"],
  ["%PATH(WQ:ORIG_OR_PATH)%", "/p/a?a=xyz&b=2"],
  ["%QUERY_PARAM(a)%", "xyz"],
  ["%QUERY_PARAM(a):2%", "xy"],
  ["%QUERY_PARAMS%", "a=xyz&b=2"],
  ["%QUERY_PARAMS(ORIG)%", "a=xyz&b=2"],
  ["%REQUEST_HEADER(x-nope?:path):3%", "/p/"],
  ["%REQ(x-multi)%", "a"],
  ["%REQ(:METHOD):2%", "GE"],
  ["%RESP(x-foo)%", "bar"],
  ["%RESP(:status)%", "200"],
  ["%RESPONSE_HEADER(x-utf)%", "caf\xe9"],
  ["%RESPONSE_TRAILER(x)%", "-"],
  ["%TRAILER(x)%", "-"],
  ["%REQUEST_HEADERS_BYTES%", "213"],
  ["%RESPONSE_HEADERS_BYTES%", "152"],
  ["%RESPONSE_TRAILERS_BYTES%", "0"],
  ["%RESPONSE_CODE%", "200"],
  ["%RESPONSE_CODE_DETAILS%", "via_upstream"],
  ["%RESPONSE_CODE_DETAILS(X)%", "via_upstream"],
  ["%RESPONSE_FLAGS%", "-"],
  ["%RESPONSE_FLAGS_LONG%", "-"],
  ["%GRPC_STATUS%", "-"],
  ["%GRPC_STATUS(SNAKE_STRING)%", "-"],
  ["%GRPC_STATUS_NUMBER%", "-"],
  ["%LOCAL_REPLY_BODY%", ""],
  ["%BYTES_RECEIVED%", "0"],
  ["%BYTES_SENT%", "6"],
  ["%BYTES_RETRANSMITTED%", "0"],
  ["%PACKETS_RETRANSMITTED%", "0"],
  ["%START_TIME%", "2026-11-23T21:54:47.239Z"],
  ["%START_TIME(%s.%3f)%", "1795470887.239"],
  ["%START_TIME_LOCAL%", "2026-11-23T21:54:47.239+0000"],
  ["%EMIT_TIME(%Y)%", "2026"],
  ["%DURATION%", "0"],
  ["%REQUEST_DURATION%", "0"],
  ["%REQUEST_TX_DURATION%", "0"],
  ["%RESPONSE_DURATION%", "0"],
  ["%RESPONSE_TX_DURATION%", "0"],
  ["%ROUNDTRIP_DURATION%", "-"],
  ["%DOWNSTREAM_HANDSHAKE_DURATION%", "-"],
  ["%UPSTREAM_CONNECTION_POOL_READY_DURATION%", "0"],
  ["%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ms)%", "0"],
  ["%COMMON_DURATION(US_TX_BEG:US_RX_END:us)%", "461"],
  ["%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ns)%", "70803"],
  ["%ROUTE_NAME%", "rname"],
  ["%VIRTUAL_CLUSTER_NAME%", "-"],
  ["%FILTER_CHAIN_NAME%", "chainy"],
  ["%ACCESS_LOG_TYPE%", "DownstreamEnd"],
  ["%CONNECTION_ID%", "0"],
  ["%STREAM_ID%", "3d77fbd9-e273-4ad2-98df-0d1b204f9a12"],
  ["%TRACE_ID%", "-"],
  ["%HOSTNAME%", "vm"],
  ["%ENVIRONMENT(HOME)%", "/root"],
  ["%REQUESTED_SERVER_NAME%", "-"],
  ["%CONNECTION_TERMINATION_DETAILS%", "-"],
  ["%DYNAMIC_METADATA(a:b)%", "-"],
  ["%FILTER_STATE(a)%", "-"],
  ["%CUSTOM_FLAGS%", ""],
  ["%DOWNSTREAM_LOCAL_ADDRESS%", "127.77.5.1:10005"],
  ["%DOWNSTREAM_REMOTE_ADDRESS%", "127.0.0.1:52980"],
  ["%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "127.0.0.1"],
  ["%DOWNSTREAM_LOCAL_PORT%", "10005"],
  ["%DOWNSTREAM_DIRECT_REMOTE_PORT%", "52980"],
  ["%DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID%", ""],
  ["%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(8)%", "127.0.0.0/8"],
  ["%DOWNSTREAM_HEADER_BYTES_RECEIVED%", "78"],
  ["%DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT%", "170"],
  ["%DOWNSTREAM_WIRE_BYTES_RECEIVED%", "114"],
  ["%DOWNSTREAM_TLS_VERSION%", "-"],
  ["%DOWNSTREAM_PEER_URI_SAN%", "-"],
  ["%TLS_JA3_FINGERPRINT%", "-"],
  ["%UPSTREAM_CLUSTER%", "a:b"],
  ["%UPSTREAM_CLUSTER_RAW%", "a:b"],
  ["%UPSTREAM_HOST%", "127.77.5.2:18080"],
  ["%UPSTREAM_HOST_NAME%", "hh"],
  ["%UPSTREAM_HOST_NAME_WITHOUT_PORT%", "hh"],
  ["%UPSTREAM_HOSTS_ATTEMPTED%", "127.77.5.2:18080"],
  ["%UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT%", "127.77.5.2"],
  ["%UPSTREAM_CONNECTION_ID%", "1"],
  ["%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "1"],
  ["%UPSTREAM_LOCAL_ADDRESS%", "127.0.0.1:55032"],
  ["%UPSTREAM_LOCAL_PORT%", "55032"],
  ["%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "127.77.5.2"],
  ["%UPSTREAM_REMOTE_PORT%", "18080"],
  ["%UPSTREAM_PROTOCOL%", "HTTP/1.1"],
  ["%UPSTREAM_TRANSPORT_FAILURE_REASON%", "-"],
  ["%UPSTREAM_HEADER_BYTES_RECEIVED%", "116"],
  ["%UPSTREAM_WIRE_BYTES_SENT%", "230"],
] as const)("%s is Envoy's: %s", (format, expected) => {
  expect(written(format)).toBe(expected);
});

test.each([
  ["%%", "%"],
  ["100%% of %RESPONSE_CODE%%%", "100% of 200%"],
  ["%RESPONSE_CODE%%RESPONSE_CODE%", "200200"],
  ["%REQ(x-nope?x-neither)%", "-"],
  ["%REQ(x-nope?)%", "-"],
  ["%REQ(host)%", "127.77.5.1:10005"],
  ["%REQ(:scheme)%", "http"],
  ["%REQ(x-request-id):0%", ""],
  ["%START_TIME(%Y(%m))%", "2026(11)"],
  ["%COMMON_DURATION(A:B:ms)%", "-"],
  ["%ENVIRONMENT(HOME):3%", "/ro"],
  ["%ENVIRONMENT(NOPE)%", "-"],
  [
    '%COALESCE({"operators":["REQUESTED_SERVER_NAME",{"command":"REQ","param":":authority","max_length":6}]})%',
    "127.77",
  ],
  ["%REQUESTED_SERVER_NAME(SNI_FIRST)%", "127.77.5.1:10005"],
  ["%QUERY_PARAM(b)%%QUERY_PARAM(c)%", "2-"],
  ["é %RESPONSE_CODE%", "Ã© 200"],
])("%s is written as %s", (format, expected) => {
  expect(written(format)).toBe(expected);
});

// Formats that Envoy refuses too, but for those it takes and this proxy does not know (CEL).
test.each([
  ["%BOGUS%", "Unknown command operator BOGUS, at position 0"],
  ["a %CEL(x)%", "Unknown command operator CEL, at position 2"],
  ["%constructor%", "No command operator at position 0 (a percent sign is %%)"],
  ["abc % def", "No command operator at position 4 (a percent sign is %%)"],
  ["100%", "No command operator at position 3 (a percent sign is %%)"],
  ["%%%", "No command operator at position 2 (a percent sign is %%)"],
  ["%REQ(x)", "No command operator at position 0 (a percent sign is %%)"],
  ["%REQ(a):x%", "No command operator at position 0 (a percent sign is %%)"],
  ["%REQ(x)%%", "No command operator at position 8 (a percent sign is %%)"],
  ["%REQ%", "REQ needs a parameter, at position 0"],
  ["%REQ()%", "REQ needs a parameter, at position 0"],
  ["%REQ(a b)%", '"a b" is no header name, at position 0'],
  ["%REQ(a?b?c)%", 'REQ takes one alternative header: "a?b?c" has more, at position 0'],
  ["%PROTOCOL(x)%", 'PROTOCOL takes no parameter: "x" was given, at position 0'],
  ["%PROTOCOL:3%", "PROTOCOL takes no length, at position 0"],
  ["%START_TIME:3%", "START_TIME takes no length, at position 0"],
  ["%START_TIME(%n)%", "A time format may not hold %n, which is a new line, at position 0"],
  ["%PATH(X)%", 'Unknown PATH option "X": must be WQ or NQ, at position 0'],
  [
    "%PATH(WQ:X)%",
    'Unknown PATH option "X": must be one of ORIG, PATH, ORIG_OR_PATH, at position 0',
  ],
  ["%QUERY_PARAMS(X)%", 'Unknown QUERY_PARAMS option "X": must be ORIG or DECODED, at position 0'],
  [
    "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:s)%",
    'Unknown COMMON_DURATION precision "s": must be ms, us or ns, at position 0',
  ],
  [
    "%GRPC_STATUS(X)%",
    'Unknown GRPC_STATUS option "X": must be CAMEL_STRING, SNAKE_STRING or NUMBER, at position 0',
  ],
  [
    '%COALESCE({"operators":["NO"]})%',
    "COALESCE operator 0: Unknown command operator NO, at position 0",
  ],
  [
    '%COALESCE({"operators":[]})%',
    'COALESCE takes {"operators": [...]} with at least one operator, at position 0',
  ],
])("%s is rejected: %s", (format, message) => {
  expect(written(format)).toBe(`rejected: ${message}`);
});

test("values of a failed request are Envoy's", () => {
  const failed = sampleStream({
    responseFlags: withFlag(FLAG.UF, FLAG.URX),
    responseCodeDetails:
      "upstream_reset_before_response_started{remote_connection_failure|delayed connect error: Connection refused}",
    upstreamTransportFailureReason: "delayed connect error: Connection refused",
    upstreamHost: { host: "127.77.5.2", port: 1 },
    upstreamHostname: "",
    upstreamLocalAddress: undefined,
    upstreamConnectionId: undefined,
    lastUpstreamTxMs: undefined,
    attemptCount: 2,
  });
  const format =
    "%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %RESPONSE_CODE_DETAILS% %UPSTREAM_TRANSPORT_FAILURE_REASON% " +
    "%UPSTREAM_HOST_NAME% %UPSTREAM_HOSTS_ATTEMPTED% %UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_CONNECTION_ID% " +
    "%UPSTREAM_REQUEST_ATTEMPT_COUNT% %REQUEST_TX_DURATION%";
  expect(written(format, failed)).toBe(
    "UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded " +
      "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} " +
      "delayed_connect_error:_Connection_refused 127.77.5.2:1 - - 0 2 -",
  );
});

test("a rewritten path: the original is logged by default", () => {
  const rewritten = sampleStream({ originalPath: "/re/x?q" });
  expect(
    written("%PATH% %PATH(NQ:PATH)% %PATH(NQ:ORIG)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", rewritten),
  ).toBe("/re/x?q /p/a /re/x /re/x?q");
});

// Envoy writes all of these raw; the decoded query would end the line there.
test.each([
  ["%QUERY_PARAM(a)%", requestOf("/q?a=%0a%22x"), '\\u000a\\"x'],
  ["%REQ(user-agent)%", requestOf("/", 'a\tb" "c\\'), 'a\\u0009b\\" \\"c\\\\'],
  ["%REQ(:path)%", requestOf('/"\x7f'), '/\\"\\u007f'],
  // Bytes above 0x7f pass: they end nothing, and names in UTF-8 stay readable.
  ["%REQ(user-agent)%", requestOf("/", "\xc3\xa9 \xff"), "\xc3\xa9 \xff"],
])("text %s cannot be forged", (format, info, expected) => {
  expect(written(format, info)).toBe(expected);
});

test("JSON keeps types, sorts keys, and writes null for nothing, as Envoy does", () => {
  const line = writtenJson(
    {
      "unset mixed": "-%REQ(zzz)%-",
      two: "%BYTES_SENT%%BYTES_SENT%",
      typed: "%RESPONSE_CODE%",
      pct: "100%%",
      num: 5,
      nested: { l: ["%BYTES_SENT%", 1, true, null, "%REQ(zzz)%"] },
      mixed: "a %RESPONSE_CODE% b",
      flags: "%RESPONSE_FLAGS%",
      ua: "%REQ(USER-AGENT)%",
      host: '"%REQ(:AUTHORITY)%"',
      duration: "%REQUEST_DURATION%",
      unknown: "%REQUEST_TX_DURATION%",
    },
    sampleStream({ lastUpstreamTxMs: undefined }),
  );
  expect(line).toBe(
    '{"duration":0,"flags":"-","host":"\\"127.77.5.1:10005\\"","mixed":"a 200 b","nested":{"l":[6,1,true,null,null]},"num":5,"pct":"100%","two":"66","typed":200,"ua":"ua \\"q\\\\uo","unknown":null,"unset mixed":"---"}\n',
  );
});

test.each([
  ["UTF-8 stays", "\xc3\xa9", "Ã©"],
  ["bytes that are no UTF-8 are taken for latin1", "\xc3\xa9 \xff", "\\u00c3\\u00a9 \\u00ff"],
])("JSON: %s", (_name, userAgent, expected) => {
  expect(writtenJson({ a: "%REQ(USER-AGENT)%" }, requestOf("/", userAgent))).toBe(
    `{"a":"${expected}"}\n`,
  );
});

test("JSON formats name the field at fault", () => {
  expect(writtenJson({ a: { b: ["x", "%NOPE%"] } })).toBe(
    "rejected: a.b[1]: Unknown command operator NOPE, at position 0",
  );
});

test("a time format of the author's own text is JSON in JSON", () => {
  const json = writtenJson({ key: '%START_TIME(\\"%Y")%' });
  expect(JSON.parse(json)).toEqual({ key: expect.stringMatching(/^\\"\d{4}"$/) });
});

test("compiling never throws, and what compiles writes", () => {
  const operator = fc
    .tuple(
      fc.constantFrom(...Object.keys(OPERATORS), "NOPE", ""),
      fc.oneof(
        fc.constant(""),
        fc.string().map((text) => `(${text})`),
      ),
      fc.oneof(
        fc.constant(""),
        fc.nat().map((length) => `:${length}`),
      ),
    )
    .map(([name, parameter, length]) => `%${name}${parameter}${length}%`);
  const format = fc.array(fc.oneof(operator, fc.string())).map((parts) => parts.join(""));
  fc.assert(
    fc.property(format, (text) => {
      expect(typeof written(text)).toBe("string");
      const json = writtenJson({ key: text });
      if (!json.startsWith("rejected")) JSON.parse(json);
    }),
    { numRuns: 500 },
  );
});

test("whatever a peer sends, one request is one line, and JSON is JSON", () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => String.fromCharCode(...array));
  fc.assert(
    fc.property(bytes, bytes, (path, userAgent) => {
      const info = requestOf(`/?a=${path}`, userAgent);
      expect(written(DEFAULT_FORMAT, info).match(/\n/g)).toHaveLength(1);
      const text = written("%QUERY_PARAM(a)%%QUERY_PARAMS(DECODED)%%PATH%", info);
      expect([...text].every((character) => character >= " ")).toBe(true);
      const line = writtenJson({ ua: "%REQ(USER-AGENT)%", q: "-%QUERY_PARAM(a)%" }, info);
      const decoded = new TextDecoder().decode(Uint8Array.from(line, (c) => c.charCodeAt(0)));
      JSON.parse(decoded);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["10.1.2.3", "8", "10.0.0.0/8"],
  ["10.1.2.255", "25", "10.1.2.128/25"],
  ["10.1.2.3", "0", "0.0.0.0/0"],
  ["10.1.2.3", "33", "10.1.2.3/32"],
  ["not-an-address", "8", "-"],
  ["2001:db8:1:2::7", "32", "2001:db8::/32"],
  ["::1", "128", "::1/128"],
])("the network of %s with prefix length %s is %s", (host, length, expected) => {
  const info = sampleStream({ downstreamRemoteAddress: { host, port: 1 } });
  expect(written(`%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(${length})%`, info)).toBe(expected);
});

// A running Envoy 1.40 wrote these for requests of the same paths.
test.each([
  [
    "/q?a=1&e=&p=a+b&d=1&d=2&%41=z&nov",
    "%QUERY_PARAM(e)%|%QUERY_PARAM(p)%|%QUERY_PARAM(d)%",
    "|a+b|1",
  ],
  ["/q?a=1&%41=z&nov", "%QUERY_PARAM(A)%|%QUERY_PARAM(%41)%|%QUERY_PARAM(nov)%", "z|-|"],
  ["/q?%41=z", "%QUERY_PARAMS%|%QUERY_PARAMS(DECODED)%|%QUERY_PARAMS:3%", "%41=z|A=z|%41"],
  ["/q?", "%PATH(NQ)%|%PATH:3%|%QUERY_PARAMS%", "/q|/q?|"],
  ["/q", "%PATH(NQ)%|%PATH:3%|%QUERY_PARAMS%", "/q|/q|-"],
])("%s: %s is %s", (path, format, expected) => {
  expect(written(format, requestOf(path))).toBe(expected);
});

const GRPC = "%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%";

test.each([
  ["trailers", { trailers: "5", header: "14", status: 200 }, "NotFound NOT_FOUND 5 5"],
  ["header", { trailers: "", header: "14", status: 200 }, "Unavailable UNAVAILABLE 14 14"],
  ["HTTP status", { trailers: "", header: "", status: 404 }, "Unimplemented UNIMPLEMENTED 12 12"],
  ["unknown number", { trailers: "99", header: "", status: 200 }, "99 99 99 99"],
])("the gRPC status is taken from the %s", (_name, { trailers, header, status }, expected) => {
  const info = requestOf("/");
  info.requestHead?.append(headerName("content-type"), "application/grpc+proto");
  const responseHead = new ResponseHead();
  if (header !== "") responseHead.append(headerName("grpc-status"), header);
  const responseTrailers = new HeaderBlock();
  if (trailers !== "") responseTrailers.append(headerName("grpc-status"), trailers);
  const answered = { ...info, responseHead, responseTrailers, responseCode: status };
  expect(written(GRPC, answered)).toBe(expected);
});

test("IPv6 addresses stand in brackets before a port", () => {
  const info = sampleStream({ downstreamRemoteAddress: { host: "::1", port: 80 } });
  expect(written("%DOWNSTREAM_REMOTE_ADDRESS%", info)).toBe("[::1]:80");
});

test("UNIQUE_ID is a random UUID, another for each line", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const [first, second] = [written("%UNIQUE_ID%"), written("%UNIQUE_ID%")];
  expect(first).toMatch(uuid);
  expect(second).not.toBe(first);
});
