// Two Sidecars of one namespace without a selector: the older one counts for its workloads, the other for nobody.
import { objectName } from "../../model/object.ts";
import type { Rule } from "./rule.ts";

export const SECOND_DEFAULT_SIDECAR: Rule<"Sidecar"> = {
  name: "second-default-sidecar",
  check(object, world, report) {
    if (object.spec.workloadSelector !== undefined) return;
    const used = world.sidecarFor(object.namespace, {});
    if (used === undefined || used.namespace !== object.namespace || used.name === object.name)
      return;
    const { file, line } = used.source;
    report(
      ["metadata", "name"],
      `${objectName(used)} (${file}:${line}) is for all workloads of this namespace too and older: this one is not used`,
    );
  },
};
