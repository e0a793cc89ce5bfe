// A destination of weight 0 gets nothing and is not sent to proxies; a weight that was forgotten is 0.
import { each, type Field } from "../field.ts";
import type { Warning } from "./warning.ts";

interface Weighted {
  readonly route: readonly { readonly weight: number }[];
}

export const ZERO_WEIGHT: Warning<"VirtualService"> = {
  name: "zero-weight",
  check(spec, field) {
    for (const protocol of ["http", "tcp", "tls"] as const) {
      const routes: readonly Weighted[] = spec[protocol];
      each(routes, field.at(protocol), ({ route }, at) => checkWeights(route, at.at("route")));
    }
  },
};

function checkWeights(route: Weighted["route"], field: Field): void {
  // One alone gets everything whatever its weight; all zero is an error of its own.
  if (route.length < 2 || route.every(({ weight }) => weight === 0)) return;
  each(route, field, ({ weight }, at) => {
    if (weight === 0) at.warn("has weight 0 and gets no requests: give it a weight or remove it");
  });
}
