// Small Envoy messages that every part of the translation uses: durations, addresses, Any, percentages, ADS, provenance.
import {
  create,
  type DescMessage,
  type JsonObject,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type Any, anyPack, type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { type Address, AddressSchema } from "#api/envoy/config/core/v3/address_pb.ts";
import {
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from "#api/envoy/config/core/v3/config_source_pb.ts";
import { type RegexMatcher, RegexMatcherSchema } from "#api/envoy/type/matcher/v3/regex_pb.ts";
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercentSchema,
} from "#api/envoy/type/v3/percent_pb.ts";
import { type FieldPath, formatFieldPath } from "#base/field-path.ts";
import { type ConfigObject, objectKey } from "../model/object.ts";

export function packed<D extends DescMessage>(schema: D, init?: MessageInitShape<D>): Any {
  return anyPack(schema, create(schema, init) as MessageShape<D>);
}

export function duration(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return create(DurationSchema, {
    seconds: BigInt(seconds),
    nanos: Math.round((ms - seconds * 1000) * 1e6),
  });
}

/** 0s: Envoy's way to say "never" for timeouts. */
export const NO_TIMEOUT: Duration = duration(0);

/** "unix:///path" becomes a pipe. */
export function address(host: string, port: number): Address {
  if (host.startsWith("unix://")) {
    const value = { path: host.slice("unix://".length) };
    return create(AddressSchema, { address: { case: "pipe", value } });
  }
  const value = { address: host, portSpecifier: { case: "portValue", value: port } } as const;
  return create(AddressSchema, { address: { case: "socketAddress", value } });
}

/** ADS without a time limit: a resource that is late must not let a proxy start half configured. */
export const ADS: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: "ads", value: {} },
  initialFetchTimeout: NO_TIMEOUT,
  resourceApiVersion: ApiVersion.V3,
});

/** Percent with four decimals, rounded (Istio cuts, so that 0.57 % becomes 0.5699 % there). */
export function millionths(percent: number): FractionalPercent {
  return create(FractionalPercentSchema, {
    numerator: Math.round(percent * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  });
}

export function hundredths(percent: number): FractionalPercent {
  return create(FractionalPercentSchema, { numerator: percent });
}

/**
 * `metadata` that says which object made this part of the configuration, as Istio does; and which field of it, in words of our
 * own. Never where that stands: a line more in a file must not change what proxies hold.
 */
export function provenance(
  object: ConfigObject,
  path?: FieldPath,
): { filterMetadata: { [key: string]: JsonObject } } {
  const istio = { config: configPath(object) };
  if (path === undefined) return { filterMetadata: { istio } };
  return { filterMetadata: { istio, [SAMPAN_METADATA]: fieldMetadata(object, path) } };
}

/** The namespace of metadata that `sampan why` reads. */
export const SAMPAN_METADATA = "sampan";

/** `{ field: "spec.http[1]" }`, with the object where a delegate of the one that Istio's metadata names wrote it. */
export function fieldMetadata(object: ConfigObject, path: FieldPath): JsonObject {
  const written = object.writtenAt?.(path) ?? { object, path };
  const field = formatFieldPath(written.path);
  return objectKey(written.object) === objectKey(object)
    ? { field }
    : { config: configPath(written.object), field };
}

const KIND_PATHS: Readonly<Record<string, string>> = {
  VirtualService: "virtual-service",
  DestinationRule: "destination-rule",
  Sidecar: "sidecar",
  Gateway: "gateway",
};

/** `/apis/networking.istio.io/v1/namespaces/<ns>/virtual-service/<name>`, letter for letter as Istio writes it. */
export function configPath(object: ConfigObject): string {
  const kind = KIND_PATHS[object.kind] ?? object.kind.toLowerCase();
  return `/apis/networking.istio.io/v1/namespaces/${object.namespace}/${kind}/${object.name}`;
}

export function regex(text: string): RegexMatcher {
  return create(RegexMatcherSchema, { regex: text });
}
