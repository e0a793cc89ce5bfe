// A finished request as the data path would hand it to a log: the one whose line a running Envoy 1.40 wrote (see format.test.ts).
import { createSeededRandom } from "#base/random.ts";
import { headerName } from "#codec/header-name.ts";
import { RequestHead } from "#codec/http1/request-head.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import type { StreamInfo } from "../../stream-info.ts";
import type { FormatEnvironment } from "../operator.ts";

/** 2026-11-23T21:54:47.239996Z */
const STARTED_WALL_MS = 1_795_470_887_239.996;

export const SAMPLE_ENVIRONMENT: FormatEnvironment = {
  hostname: "vm",
  environment: (name) => (name === "HOME" ? "/root" : undefined),
  wallMs: () => STARTED_WALL_MS + 1,
  random: createSeededRandom(1),
};

function sampleRequestHead(): RequestHead {
  const head = new RequestHead();
  head.method = "GET";
  head.setPath("/p/a?a=xyz&b=2");
  head.setAuthority("127.77.5.1:10005");
  for (const [name, value] of [
    ["user-agent", 'ua "q\\uo'],
    ["accept", "*/*"],
    ["x-multi", "a"],
    ["x-multi", "b"],
    ["x-forwarded-proto", "http"],
    ["x-request-id", "3d77fbd9-e273-4ad2-98df-0d1b204f9a12"],
    ["x-envoy-expected-rq-timeout-ms", "15000"],
  ] as const) {
    head.append(headerName(name), value);
  }
  return head;
}

function sampleResponseHead(): ResponseHead {
  const head = new ResponseHead();
  head.status = 200;
  for (const [name, value] of [
    ["x-foo", "bar"],
    ["x-utf", "caf\xe9"],
    ["content-type", "text/plain;charset=utf-8"],
    ["date", "Mon, 23 Nov 2026 21:54:47 GMT"],
    ["content-length", "6"],
    ["x-envoy-upstream-service-time", "0"],
    ["server", "envoy"],
  ] as const) {
    head.append(headerName(name), value);
  }
  return head;
}

const CLIENT = { host: "127.0.0.1", port: 52980 };
const LISTENER = { host: "127.77.5.1", port: 10005 };

/** The sample, with `changes` made to it. */
export function sampleStream(changes: Partial<StreamInfo> = {}): StreamInfo {
  return {
    startMs: 1000,
    startWallMs: STARTED_WALL_MS,
    protocol: "HTTP/1.1",
    requestHead: sampleRequestHead(),
    responseHead: sampleResponseHead(),
    responseTrailers: undefined,
    originalPath: undefined,
    responseCode: 200,
    responseCodeDetails: "via_upstream",
    responseFlags: 0,
    connectionTerminationDetails: undefined,
    bytesReceived: 0,
    bytesSent: 6,
    downstreamWireBytesReceived: 114,
    downstreamWireBytesSent: 195,
    downstreamHeaderBytesReceived: 78,
    downstreamHeaderBytesSent: 170,
    upstreamWireBytesReceived: 146,
    upstreamWireBytesSent: 230,
    upstreamHeaderBytesReceived: 116,
    upstreamHeaderBytesSent: 199,
    requestCompleteMs: 1000.070803,
    firstUpstreamTxMs: 1000.2,
    lastUpstreamTxMs: 1000.2,
    firstUpstreamRxMs: 1000.6,
    lastUpstreamRxMs: 1000.661,
    firstDownstreamTxMs: 1000.7,
    lastDownstreamTxMs: 1000.8,
    endMs: 1000.9,
    connectionPoolReadyMs: 0.1,
    routeName: "rname",
    virtualHostName: "all",
    filterChainName: "chainy",
    upstreamCluster: "a:b",
    upstreamClusterStatName: "a:b",
    upstreamHost: { host: "127.77.5.2", port: 18080 },
    upstreamHostname: "hh",
    upstreamLocalAddress: { host: "127.0.0.1", port: 55032 },
    upstreamConnectionId: 1,
    upstreamProtocol: "HTTP/1.1",
    upstreamTransportFailureReason: undefined,
    attemptCount: 1,
    downstreamRemoteAddress: CLIENT,
    downstreamLocalAddress: LISTENER,
    downstreamDirectRemoteAddress: CLIENT,
    downstreamDirectLocalAddress: LISTENER,
    requestedServerName: undefined,
    connectionId: 0,
    streamId: "3d77fbd9-e273-4ad2-98df-0d1b204f9a12",
    ...changes,
  };
}
