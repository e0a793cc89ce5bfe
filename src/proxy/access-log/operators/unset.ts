// Operators that Envoy knows and that never have a value here: accepted, so that a format written for Envoy works, and "-".
import { type Field, numberField, UNSET_FIELD } from "../field.ts";
import { type Operator, type Operators, plain } from "../operator.ts";

/** Without parameter. */
const PLAIN = [
  "ROUNDTRIP_DURATION",
  "DOWNSTREAM_HANDSHAKE_DURATION",
  "VIRTUAL_CLUSTER_NAME",
  "TRACE_ID",
  "SPAN_ID",
  "DOWNSTREAM_DETECTED_CLOSE_TYPE",
  "DOWNSTREAM_LOCAL_CLOSE_REASON",
  "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
  "TLS_JA3_FINGERPRINT",
  "TLS_JA4_FINGERPRINT",
  "UPSTREAM_HOST_NAMES_ATTEMPTED",
  "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
  "UPSTREAM_CONNECTION_IDS_ATTEMPTED",
  "UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
  "UPSTREAM_DETECTED_CLOSE_TYPE",
  "UPSTREAM_LOCAL_CLOSE_REASON",
  ...tls("DOWNSTREAM"),
  ...tls("UPSTREAM"),
];

function tls(side: "DOWNSTREAM" | "UPSTREAM"): string[] {
  const both = [
    "TLS_VERSION",
    "TLS_CIPHER",
    "TLS_SESSION_ID",
    "LOCAL_SUBJECT",
    "LOCAL_DNS_SAN",
    "LOCAL_IP_SAN",
    "LOCAL_URI_SAN",
    "PEER_SUBJECT",
    "PEER_ISSUER",
    "PEER_DNS_SAN",
    "PEER_IP_SAN",
    "PEER_URI_SAN",
    "PEER_CERT",
  ];
  const downstreamOnly = [
    "LOCAL_EMAIL_SAN",
    "LOCAL_OTHERNAME_SAN",
    "PEER_EMAIL_SAN",
    "PEER_OTHERNAME_SAN",
    "PEER_SERIAL",
    "PEER_FINGERPRINT_1",
    "PEER_FINGERPRINT_256",
    "PEER_ISSUER_SERIAL",
    "PEER_ISSUER_FINGERPRINT_256",
    "PEER_CHAIN_FINGERPRINTS_1",
    "PEER_CHAIN_FINGERPRINTS_256",
    "PEER_CHAIN_SERIALS",
  ];
  return [...both, ...(side === "DOWNSTREAM" ? downstreamOnly : [])].map(
    (name) => `${side}_${name}`,
  );
}

const WITH_PARAMETER = [
  "DYNAMIC_METADATA",
  "CLUSTER_METADATA",
  "UPSTREAM_METADATA",
  "FILTER_STATE",
  "UPSTREAM_FILTER_STATE",
  "METADATA",
];

const WITH_TIME_FORMAT = [
  "DOWNSTREAM_PEER_CERT_V_START",
  "DOWNSTREAM_PEER_CERT_V_END",
  "UPSTREAM_PEER_CERT_V_START",
  "UPSTREAM_PEER_CERT_V_END",
];

/** Operators whose value is the empty text rather than none, as with Envoy outside the place they are made for. */
const EMPTY = [
  "LOCAL_REPLY_BODY",
  "CUSTOM_FLAGS",
  "DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID",
  "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID",
];

/** Counted for QUIC only; 0 with TCP, as with Envoy. */
const ZERO = ["BYTES_RETRANSMITTED", "PACKETS_RETRANSMITTED"];

const EMPTY_FIELD: Field = { isNumber: false, write: () => true };
const ZERO_FIELD: Field = numberField(() => 0);

function unset(parameter: Operator["parameter"]): Operator {
  const takesLength = parameter === "required";
  return { parameter, takesLength, meaning: "Never known here", create: () => UNSET_FIELD };
}

export const UNSET_OPERATORS: Operators = Object.fromEntries([
  ...PLAIN.map((name) => [name, unset("none")] as const),
  ...WITH_PARAMETER.map((name) => [name, unset("required")] as const),
  ...WITH_TIME_FORMAT.map((name) => [name, unset("optional")] as const),
  ...EMPTY.map((name) => [name, plain("Always empty", EMPTY_FIELD)] as const),
  ...ZERO.map((name) => [name, plain("Always 0", ZERO_FIELD)] as const),
]);
