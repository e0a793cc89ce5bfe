// Names, addresses, ports and durations as Istio allows them (pkg/config/validation/agent).
import type { Duration } from "@bufbuild/protobuf/wkt";
import { isIp, parseIp } from "#base/ip-address.ts";
import type { Labels } from "../../model/labels.ts";
import { parseProtocol } from "../../model/protocol.ts";
import type { Field } from "./field.ts";

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/i;
const WILDCARD_LABEL = /^(?:\*|(?:\*-?)?[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/i;
const MAX_DOMAIN_LENGTH = 255;
const MAX_PORT = 65_535;

export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}

export function isDomain(text: string): boolean {
  if (text === "" || text.length > MAX_DOMAIN_LENGTH) return false;
  const labels = text.split(".");
  // "istio.io." is the same name, said to be complete.
  if (labels.length > 1 && labels.at(-1) === "") labels.pop();
  // An address is no name: top-level domains are never all digits.
  return labels.every(isDnsLabel) && !/^\d+$/.test(labels.at(-1) ?? "");
}

/** A domain, or one whose first label is a star ("*", "*.example.com"), or begins with one ("*-canary.example.com"). */
export function isWildcardDomain(text: string): boolean {
  const dot = text.indexOf(".");
  const first = dot === -1 ? text : text.slice(0, dot);
  if (!WILDCARD_LABEL.test(first) || text.length > MAX_DOMAIN_LENGTH) return false;
  return dot === -1 || isDomain(text.slice(dot + 1));
}

export function checkPort(port: number, field: Field): void {
  if (port < 1 || port > MAX_PORT) field.must(`be a port, 1 to ${MAX_PORT}`, port);
}

export function checkPortName(name: string, field: Field): void {
  if (!isDnsLabel(name)) field.must("be a name of letters, digits and '-', at most 63", name);
}

/** An empty protocol is sniffed. */
export function checkProtocol(protocol: string, field: Field): void {
  if (protocol === "" || parseProtocol(protocol) !== "Unsupported") return;
  field.must(
    "be HTTP, HTTP2, GRPC, GRPC-Web, HTTPS, TLS, TCP, Mongo, MySQL, Redis or UDP",
    protocol,
  );
}

/** An address or a block of them, "10.0.0.0/8". */
export function checkSubnet(subnet: string, field: Field): void {
  const [address = "", bits, ...rest] = subnet.split("/");
  const bytes = parseIp(address);
  const isBlock = bits === undefined || /^\d{1,3}$/.test(bits);
  const fits = bytes !== undefined && Number(bits ?? 0) <= bytes.length * 8;
  if (rest.length > 0 || !isBlock || !fits) {
    field.must("be an IP address or a block such as 10.0.0.0/8", subnet);
  }
}

export function checkIp(address: string, field: Field): void {
  if (!isIp(address)) field.must("be an IP address", address);
}

export const UNIX_PREFIX = "unix://";

/** What follows "unix://": an absolute path to a file, or "@" and an abstract name. */
export function checkUnixPath(address: string, field: Field): void {
  const path = address.slice(UNIX_PREFIX.length);
  if (path.startsWith("@") || (path.startsWith("/") && !path.endsWith("/"))) return;
  field.must('be "unix://" with an absolute path to a file or "@name"', address);
}

/** At least 1 ms and whole milliseconds. */
export function checkDuration(duration: Duration | undefined, field: Field): void {
  if (duration === undefined) return;
  const ms = exactMs(duration);
  if (ms < 1) field.must("be at least 1ms", `${ms}ms`);
  else if (duration.nanos % 1_000_000 !== 0) field.must("be whole milliseconds", `${ms}ms`);
}

/** With fractions, which `durationMs` of protobuf-es rounds away. */
export function exactMs({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

const LABEL_NAME =
  /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/;

/** Kubernetes' rules for label names and values. */
export function checkLabels(labels: Labels, field: Field): void {
  for (const [name, value] of Object.entries(labels)) {
    if (!LABEL_NAME.test(name)) {
      field.at(name).error("must be a label name: letters, digits, '-', '_' and '.', at most 63");
    } else if (!LABEL_VALUE.test(value)) {
      field.at(name).must("be letters, digits, '-', '_' and '.', at most 63", value);
    }
  }
}

/** A selector without labels selects everything; `whom` says what that is. */
export function checkSelector(labels: Labels, field: Field, whom: string): void {
  if (Object.keys(labels).length === 0) field.warn(`names no labels: it selects ${whom}`);
  for (const [name, value] of Object.entries(labels)) {
    if (name === "") field.error("must not have an empty label name");
    if (name.includes("*") || value.includes("*")) field.at(name).must("not be a wildcard", value);
  }
}
