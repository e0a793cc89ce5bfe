// Every destination that a VirtualService names, with where it stands.
import type { Destination } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { FieldPath } from "#base/field-path.ts";
import type { ConfigObject } from "../../model/object.ts";

export interface PlacedDestination {
  readonly destination: Destination;
  readonly path: FieldPath;
}

export function* destinationsOf({
  spec,
}: ConfigObject<"VirtualService">): Generator<PlacedDestination> {
  for (const protocol of ["http", "tcp", "tls"] as const) {
    for (const [i, { route }] of spec[protocol].entries()) {
      for (const [j, { destination }] of route.entries()) {
        const path = ["spec", protocol, i, "route", j, "destination"];
        if (destination !== undefined) yield { destination, path };
      }
    }
  }
  for (const [i, { mirror, mirrors }] of spec.http.entries()) {
    if (mirror !== undefined) yield { destination: mirror, path: ["spec", "http", i, "mirror"] };
    for (const [j, { destination }] of mirrors.entries()) {
      const path = ["spec", "http", i, "mirrors", j, "destination"];
      if (destination !== undefined) yield { destination, path };
    }
  }
}
