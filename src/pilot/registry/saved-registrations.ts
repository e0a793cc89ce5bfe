// Registered instances as the text of a state file, and back. A text of another version, or a broken one, is as good as none.
import type { SavedRegistration } from "./workload-registry.ts";

/** Counts up when the form changes: an older pilot's state is then forgotten, and its proxies register anew. */
const FORMAT = 1;

export function formatRegistrations(registrations: readonly SavedRegistration[]): string {
  return JSON.stringify({ format: FORMAT, registrations });
}

/** Never throws. */
export function parseRegistrations(text: string | undefined): readonly SavedRegistration[] {
  if (text === undefined) return [];
  try {
    const state = JSON.parse(text) as {
      readonly format?: unknown;
      readonly registrations?: readonly SavedRegistration[];
    } | null;
    if (state?.format !== FORMAT || !Array.isArray(state.registrations)) return [];
    return state.registrations.filter(isRegistration);
  } catch {
    return [];
  }
}

/** We wrote it ourselves: enough is checked that a file from elsewhere does no harm. */
function isRegistration(value: unknown): value is SavedRegistration {
  const proxy = (value as { readonly proxy?: unknown } | null)?.proxy as
    | {
        readonly id?: unknown;
        readonly name?: unknown;
        readonly namespace?: unknown;
        readonly ipAddresses?: unknown;
        readonly workloadPorts?: unknown;
        readonly labels?: unknown;
      }
    | null
    | undefined;
  return (
    typeof proxy?.id === "string" &&
    typeof proxy.name === "string" &&
    typeof proxy.namespace === "string" &&
    Array.isArray(proxy.ipAddresses) &&
    typeof proxy.workloadPorts === "object" &&
    typeof proxy.labels === "object"
  );
}
