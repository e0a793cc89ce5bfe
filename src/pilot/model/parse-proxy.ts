// Node of a proxy's first request -> Proxy. Whoever connects is served: what is not said or not readable gets Istio's default.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Node } from "#api/envoy/config/core/v3/base_pb.ts";
import { quoted } from "#base/log.ts";
import { DOMAIN_SUFFIX } from "./hostname.ts";
import type { Proxy, ProxyType } from "./proxy.ts";

const DEFAULT_NAMESPACE = "default";

export interface ParsedProxy {
  readonly proxy: Proxy;
  /** Metadata that was not understood, a sentence each, fit for a log line. */
  readonly warnings: readonly string[];
}

/** Never throws. Istio's node id is "sidecar~<ip>~<workload>.<namespace>~<dns domain>"; any other id is a sidecar without address. */
export function parseProxy(node: Node): ParsedProxy {
  const metadata: JsonObject = node.metadata ?? {};
  const reader = new MetadataReader(metadata);
  const [idType = "", idAddress = "", idName = "", idDomain = ""] = node.id.split("~");
  const isIstioId = node.id.split("~").length === 4;
  const namespace =
    reader.text("NAMESPACE") ||
    (isIstioId && (idDomain.split(".")[0] || idName.split(".")[1])) ||
    DEFAULT_NAMESPACE;
  const addresses = reader.list("INSTANCE_IPS").filter(isIpAddress);
  const locality = node.locality;
  const proxy: Proxy = {
    id: node.id,
    type: typeOf(node, isIstioId ? idType : "", reader.text("GENERATOR")),
    ipAddresses: addresses.length > 0 ? addresses : [idAddress].filter(isIpAddress),
    name: isIstioId ? (idName.split(".")[0] ?? "") : node.id,
    namespace,
    dnsDomain: (isIstioId && idDomain) || `${namespace}.${DOMAIN_SUFFIX}`,
    labels: reader.textMap("LABELS"),
    locality: {
      region: locality?.region ?? "",
      zone: locality?.zone ?? "",
      subZone: locality?.subZone ?? "",
    },
    interceptionMode: reader.oneOf("INTERCEPTION_MODE", ["REDIRECT", "TPROXY", "NONE"]),
    isHostSidecar: reader.flag("SAMPAN_HOST_SIDECAR"),
    workloadPorts: reader.portMap("SAMPAN_WORKLOAD_PORTS"),
    reportsHealth: reader.flag("SAMPAN_REPORTS_HEALTH"),
    adminAddress: reader.text("SAMPAN_ADMIN_ADDRESS") || undefined,
    autoRegisterGroup: reader.text("AUTO_REGISTER_GROUP") || undefined,
    version: reader.text("ISTIO_VERSION") || userAgentVersion(node),
    userAgent: [node.userAgentName, userAgentVersion(node)].filter((part) => part !== "").join("/"),
    metadata,
  };
  return { proxy, warnings: reader.warnings };
}

function typeOf(node: Node, idType: string, generator: string): ProxyType {
  // gRPC libraries call themselves "gRPC Go", "gRPC C-core linux", "grpc-node-js"; proxyless ones under Istio say GENERATOR: grpc.
  if (generator.toLowerCase() === "grpc" || /^grpc/i.test(node.userAgentName)) return "grpc";
  return idType === "router" ? "router" : "sidecar";
}

function userAgentVersion(node: Node): string {
  const version = node.userAgentVersionType;
  if (version.case === "userAgentVersion") return version.value;
  if (version.case !== "userAgentBuildVersion" || version.value.version === undefined) return "";
  const { majorNumber, minorNumber, patch } = version.value.version;
  return `${majorNumber}.${minorNumber}.${patch}`;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]+$/i;

function isIpAddress(text: string): boolean {
  return IPV4.test(text) || IPV6.test(text);
}

/** Metadata as Istio's agent writes it: numbers, booleans and lists may come as text. */
class MetadataReader {
  readonly warnings: string[] = [];
  readonly #metadata: JsonObject;

  constructor(metadata: JsonObject) {
    this.#metadata = metadata;
  }

  text(key: string): string {
    const value = this.#value(key);
    if (value === undefined) return "";
    if (typeof value === "string") return value;
    return this.#refuse(key, value, "text", "");
  }

  flag(key: string): boolean {
    const value = this.#value(key);
    if (value === undefined || value === false || value === "false" || value === "0") return false;
    if (value === true || value === "true" || value === "1") return true;
    return this.#refuse(key, value, '"true" or "false"', false);
  }

  oneOf<const T extends string>(key: string, choices: readonly [T, ...T[]]): T {
    const value = this.#value(key);
    if (value === undefined || value === "") return choices[0];
    const known = choices.find((choice) => choice === value);
    return known ?? this.#refuse(key, value, `one of ${choices.join(", ")}`, choices[0]);
  }

  /** A list of texts, or one text with commas. */
  list(key: string): string[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    if (typeof value === "string") return value.split(",").filter((part) => part !== "");
    if (Array.isArray(value)) return value.filter((part) => typeof part === "string");
    return this.#refuse(key, value, "a list of texts", []);
  }

  textMap(key: string): Record<string, string> {
    return this.#map(key, (value) => (typeof value === "string" ? value : undefined), "a text");
  }

  portMap(key: string): Record<string, number> {
    return this.#map(key, portNumber, "a port, 1 to 65535");
  }

  #map<T>(
    key: string,
    read: (value: JsonValue | undefined) => T | undefined,
    wanted: string,
  ): Record<string, T> {
    const value = this.#value(key);
    if (value === undefined) return {};
    if (!isObject(value)) return this.#refuse(key, value, "an object", {});
    const map: Record<string, T> = {};
    for (const [name, item] of Object.entries(value)) {
      const good = read(item);
      if (good === undefined) this.#refuse(`${key}.${name}`, item, wanted, undefined);
      else map[name] = good;
    }
    return map;
  }

  #value(key: string): JsonValue | undefined {
    const value = this.#metadata[key];
    return value === null ? undefined : value;
  }

  #refuse<T>(key: string, value: JsonValue | undefined, wanted: string, instead: T): T {
    const shown = quoted(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
    this.warnings.push(`Node metadata ${quoted(key)} must be ${wanted}: current value is ${shown}`);
    return instead;
  }
}

function portNumber(value: JsonValue | undefined): number | undefined {
  const port = typeof value === "string" ? Number(value) : value;
  const isPort = typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65535;
  return isPort ? port : undefined;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
