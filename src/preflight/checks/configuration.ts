// The configuration is valid: whoever knows its language reads it, this check only tells what was found.
import { type Check, type CheckDescription, fail, PASSED } from "../check.ts";
import type { PreflightSettings } from "../settings.ts";

export const CONFIG: CheckDescription = {
  name: "Config",
  category: "configuration",
  severity: "error",
  summary: "the configuration can be read and is valid",
  why: "The pilot serves without a document that is not valid, and the proxy does not start on a file that is not.",
  fix: "correct the lines that are named",
};

const FIX = "correct this line; what is right stands in Istio's or Envoy's reference of the field";

export function configCheck({ readConfiguration }: PreflightSettings): Check {
  return {
    ...CONFIG,
    async run() {
      if (readConfiguration === undefined) return PASSED;
      const reading = await readConfiguration();
      if (reading.kind === "unreadable") {
        return fail({ message: reading.reason, fix: "name a folder or file that is there" });
      }
      const findings = (lines: readonly string[]) =>
        lines.map((message) => ({ message, fix: FIX }));
      return { errors: findings(reading.errors), warnings: findings(reading.warnings) };
    },
  };
}
