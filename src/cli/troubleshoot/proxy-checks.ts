// Is a proxy connected, and has it what the pilot sent it?
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { DescribedEndpoint } from "#pilot/api/debug-pages.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { isWorkload } from "../tap/tap-filters.ts";
import { type Finding, ok, wrong } from "./finding.ts";
import type { PilotPages } from "./pages.ts";

export type FoundReport =
  | { readonly kind: "found"; readonly report: ProxyReport }
  | { readonly kind: "missing"; readonly finding: Finding };

/** `name` is a proxy's, a workload's ("reviews-v2"), an app's ("reviews") or "gateway". */
export function findReport({ proxies, services }: PilotPages, name: string): FoundReport {
  const isCalled: readonly ((report: ProxyReport) => boolean)[] = [
    (report) => report.proxy === name || report.name === name,
    (report) => `${report.name}.${report.namespace}` === name,
    (report) => isWorkload(report.name, name) || (report.type === "router" && name === "gateway"),
  ];
  for (const test of isCalled) {
    const report = proxies.find(test);
    if (report !== undefined) return { kind: "found", report };
  }
  const instances = services.flatMap(({ ports }) =>
    ports.flatMap(({ endpoints }) => endpoints.map(({ workload }) => workload?.name ?? "")),
  );
  if (instances.some((instance) => isWorkload(instance, name))) {
    return { kind: "missing", finding: awayProxy(name) };
  }
  const connected = proxies.map((one) => one.name);
  const names = [...new Set([...connected, ...instances])];
  const stems = names.map((one) => one.replace(/-\d+$/, ""));
  const near = nearest(name, [...names, ...stems]);
  const fix =
    near === undefined
      ? `Connected are ${connected.length === 0 ? "none" : connected.join(", ")}: is the sidecar of ${quoted(name)} started, and with this pilot's address?`
      : `Did you mean ${near}?`;
  return {
    kind: "missing",
    finding: wrong(`No proxy ${quoted(name)} is connected to the pilot`, fix),
  };
}

/** The instance is known, its sidecar has gone. */
export function awayProxy(name: string): Finding {
  return wrong(
    `The sidecar of ${name} is not connected to the pilot`,
    `Start it again; why it ended stands in its log: sampan logs ${name}`,
  );
}

/** The first refusal, or that everything is live. */
export function checkSync({ name, types, state }: ProxyReport): Finding {
  const refused = types.find((type) => type.state === "rejected");
  if (refused !== undefined) {
    const words = refused.lastRefusal?.words ?? "it did not say why";
    return wrong(
      `${name} rejects the newest ${refused.type}: ${words}`,
      `It serves on with what it had. Change the named field; what it holds: sampan proxy-status ${name}`,
    );
  }
  const behind = types.filter((type) => type.state === "behind").map(({ type }) => type);
  if (behind.length > 0) {
    return wrong(
      `${name} has not confirmed the newest ${behind.join(", ")} yet`,
      "Ask again in a moment; a proxy that stays behind is stuck: look at its log, and start it again",
    );
  }
  return ok(`${name} holds the newest configuration, and rejects none (${state})`);
}

/** Every instance that registered itself is reached through its sidecar; a WorkloadEntry may have none. */
export function checkInstances(
  { proxies, objects }: PilotPages,
  endpoints: readonly DescribedEndpoint[],
): Finding | undefined {
  for (const { workload, health } of endpoints) {
    const { namespace, name } = workload;
    if (name === "" || health !== "healthy") continue;
    const isEntry = objects.some(
      (one) => one.kind === "WorkloadEntry" && one.namespace === namespace && one.name === name,
    );
    if (isEntry) continue;
    const report = proxies.find((one) => one.name === name && one.namespace === namespace);
    if (report === undefined) return awayProxy(name);
    const sync = checkSync(report);
    if (sync.mark === "wrong") return sync;
  }
  return undefined;
}
