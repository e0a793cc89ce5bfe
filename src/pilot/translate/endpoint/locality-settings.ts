// Whose word on localities counts: the DestinationRule's, else the mesh's; zone-aware routing before locality balancing.
import { create } from "@bufbuild/protobuf";
import {
  type LoadBalancerSettings,
  type LocalityLoadBalancerSetting,
  LocalityLoadBalancerSettingSchema,
  type ZoneAwareLoadBalancerSetting,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";

export type LocalitySettings =
  | { readonly kind: "locality"; readonly value: LocalityLoadBalancerSetting }
  | { readonly kind: "zoneAware"; readonly value: ZoneAwareLoadBalancerSetting };

/** Istio's mesh default: enabled, and nothing more; with outlier detection that is failover by region, zone and subzone. */
const MESH_DEFAULT: LocalitySettings = {
  kind: "locality",
  value: create(LocalityLoadBalancerSettingSchema),
};

/** undefined: localities do not matter. */
export function effectiveLocality(
  settings: LoadBalancerSettings | undefined,
  mesh: MeshSettings,
): LocalitySettings | undefined {
  const { zoneAwareLbSetting, localityLbSetting } = settings ?? {};
  if (zoneAwareLbSetting !== undefined) return { kind: "zoneAware", value: zoneAwareLbSetting };
  if (localityLbSetting !== undefined) {
    return localityLbSetting.enabled === false
      ? undefined
      : { kind: "locality", value: localityLbSetting };
  }
  return mesh.localityLbEnabled ? MESH_DEFAULT : undefined;
}
