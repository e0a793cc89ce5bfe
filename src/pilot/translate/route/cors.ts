// VirtualService corsPolicy -> the CORS filter's configuration on a route.
import { create } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { CorsPolicySchema } from "#api/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { StringMatcherSchema } from "#api/envoy/type/matcher/v3/string_pb.ts";
import {
  type CorsPolicy,
  CorsPolicy_UnmatchedPreflights as UnmatchedPreflights,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { hundredths } from "../messages.ts";
import { stringMatcher } from "./match.ts";

export function cors(policy: CorsPolicy): Any {
  const { allowOrigins, allowOrigin, maxAge } = policy;
  const exact = (value: string) =>
    create(StringMatcherSchema, { matchPattern: { case: "exact", value } });
  const translated = create(CorsPolicySchema, {
    allowOriginStringMatch:
      allowOrigins.length > 0 ? allowOrigins.map(stringMatcher) : allowOrigin.map(exact),
    allowMethods: policy.allowMethods.join(","),
    allowHeaders: policy.allowHeaders.join(","),
    exposeHeaders: policy.exposeHeaders.join(","),
    maxAge: maxAge === undefined ? "" : String(maxAge.seconds),
    allowCredentials: policy.allowCredentials,
    filterEnabled: { defaultValue: hundredths(100) },
    forwardNotMatchingPreflights: policy.unmatchedPreflights !== UnmatchedPreflights.IGNORE,
  });
  return anyPack(CorsPolicySchema, translated);
}
