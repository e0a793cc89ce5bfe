// Istio leaves the percentage of the proxy's fault unset when the rule has none, and unset is 0 there: it never strikes.
import { each } from "../field.ts";
import type { Warning } from "./warning.ts";

export const FAULT_WITHOUT_PERCENTAGE: Warning<"VirtualService"> = {
  name: "fault-without-percentage",
  check(spec, field) {
    each(spec.http, field.at("http"), ({ fault }, at) => {
      if (fault?.abort !== undefined && fault.abort.percentage === undefined) {
        at.at("fault", "abort").warn(
          "has no percentage and never strikes: set percentage.value, 100 for every request",
        );
      }
      const { delay } = fault ?? {};
      if (delay !== undefined && delay.percentage === undefined && delay.percent === 0) {
        at.at("fault", "delay").warn(
          "has no percentage and never strikes: set percentage.value, 100 for every request",
        );
      }
    });
  },
};
