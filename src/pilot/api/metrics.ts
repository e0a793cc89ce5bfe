// /metrics in Prometheus' text format, under Istio's names where Istio has one (pilot/pkg/xds/monitoring.go).
import { reportProxies } from "../push/status.ts";
import type { PilotApiState } from "./pilot-api.ts";

type Sample = readonly [labels: string, value: number];

function metric(
  name: string,
  kind: "gauge" | "counter",
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ""].join("\n");
}

const byType = (counts: ReadonlyMap<string, number>): readonly Sample[] =>
  [...counts].sort().map(([type, count]) => [`{type="${type}"}`, count]);

export function renderMetrics(state: PilotApiState): string {
  const snapshot = state.snapshot();
  const reports = reportProxies(state.server.connections);
  const inState = (wanted: string): number =>
    reports.filter((report) => report.state === wanted).length;
  const ofKind = (kind: string): number =>
    state.objects().filter((object) => object.kind === kind).length;
  return [
    metric("pilot_xds", "gauge", "Proxies connected over xDS.", [["", reports.length]]),
    metric(
      "pilot_xds_pushes",
      "counter",
      "Responses sent, by type.",
      byType(state.server.pushCounts),
    ),
    metric(
      "pilot_total_xds_rejects",
      "counter",
      "Responses that a proxy refused, by type.",
      byType(state.server.rejectCounts),
    ),
    metric("pilot_services", "gauge", "Services known to the pilot.", [
      ["", snapshot.services.length],
    ]),
    metric("pilot_virt_services", "gauge", "VirtualServices in force.", [
      ["", ofKind("VirtualService")],
    ]),
    metric(
      "sampan_pilot_proxies",
      "gauge",
      "Connected proxies by whether the newest configuration is in force.",
      [
        ['{state="live"}', inState("live")],
        ['{state="behind"}', inState("behind")],
        ['{state="rejected"}', inState("rejected")],
      ],
    ),
    metric("sampan_pilot_problems", "gauge", "Problems of the configuration, by severity.", [
      [
        '{severity="error"}',
        state.problems().filter((problem) => problem.severity === "error").length,
      ],
      [
        '{severity="warning"}',
        state.problems().filter((problem) => problem.severity === "warning").length,
      ],
    ]),
    metric("sampan_pilot_revision", "gauge", "Snapshots built since start.", [
      ["", snapshot.revision],
    ]),
  ].join("");
}
