// VirtualService mirror, mirrors and their percentages -> request mirror policies.
import { create } from "@bufbuild/protobuf";
import {
  type RouteAction_RequestMirrorPolicy,
  RouteAction_RequestMirrorPolicySchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { FractionalPercent } from "#api/envoy/type/v3/percent_pb.ts";
import type { Destination, HTTPRoute } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { hundredths, millionths } from "../messages.ts";

export function mirrors(
  route: HTTPRoute,
  clusterOf: (destination: Destination) => string,
): RouteAction_RequestMirrorPolicy[] {
  const policies: RouteAction_RequestMirrorPolicy[] = [];
  const add = (destination: Destination | undefined, share: FractionalPercent): void => {
    // 0 % means no mirror at all; Envoy would read a missing fraction as "always".
    if (destination === undefined || share.numerator === 0) return;
    policies.push(
      create(RouteAction_RequestMirrorPolicySchema, {
        cluster: clusterOf(destination),
        runtimeFraction: { defaultValue: share },
        traceSampled: false,
        disableShadowHostSuffixAppend: true,
      }),
    );
  };
  add(route.mirror, mirrorShare(route));
  for (const { destination, percentage } of route.mirrors) {
    add(destination, percentage === undefined ? hundredths(100) : millionths(percentage.value));
  }
  return policies;
}

function mirrorShare({ mirrorPercentage, mirrorPercent }: HTTPRoute): FractionalPercent {
  if (mirrorPercentage !== undefined) return millionths(mirrorPercentage.value);
  return hundredths(mirrorPercent ?? 100);
}
