// docs/reference/stats.md: every statistic's name and kind, from the schemas in src/proxy/stats/schema.
import type { StatsTable } from "#proxy/stats/define-stats.ts";
import { BUCKET_BOUNDS, QUANTILES } from "#proxy/stats/histogram-statistics.ts";
import { ASYNC_CLIENT } from "#proxy/stats/schema/async-client.ts";
import { CIRCUIT_BREAKER } from "#proxy/stats/schema/circuit-breaker.ts";
import { CIRCUIT_BREAKER_REMAINING } from "#proxy/stats/schema/circuit-breaker-remaining.ts";
import { CLUSTER } from "#proxy/stats/schema/cluster.ts";
import { CLUSTER_MANAGER } from "#proxy/stats/schema/cluster-manager.ts";
import { CONFIG_RELOAD } from "#proxy/stats/schema/config-reload.ts";
import { CONTROL_PLANE } from "#proxy/stats/schema/control-plane.ts";
import { EDS } from "#proxy/stats/schema/eds.ts";
import { FAULT } from "#proxy/stats/schema/fault.ts";
import { FAULT_DOWNSTREAM_CLUSTER } from "#proxy/stats/schema/fault-downstream-cluster.ts";
import { FILESYSTEM } from "#proxy/stats/schema/filesystem.ts";
import { HEALTH_CHECK } from "#proxy/stats/schema/health-check.ts";
import { HTTP } from "#proxy/stats/schema/http.ts";
import { HTTP1_CODEC } from "#proxy/stats/schema/http1-codec.ts";
import { LISTENER } from "#proxy/stats/schema/listener.ts";
import { LISTENER_HTTP } from "#proxy/stats/schema/listener-http.ts";
import { LISTENER_MANAGER } from "#proxy/stats/schema/listener-manager.ts";
import { LISTENER_WORKER } from "#proxy/stats/schema/listener-worker.ts";
import { OUTLIER_DETECTION } from "#proxy/stats/schema/outlier-detection.ts";
import { RDS } from "#proxy/stats/schema/rds.ts";
import { RUNTIME } from "#proxy/stats/schema/runtime.ts";
import { SERVER } from "#proxy/stats/schema/server.ts";
import { TAP } from "#proxy/stats/schema/tap.ts";
import { TCP } from "#proxy/stats/schema/tcp.ts";
import { TRACING } from "#proxy/stats/schema/tracing.ts";
import { WATCHDOG } from "#proxy/stats/schema/watchdog.ts";
import { XDS } from "#proxy/stats/schema/xds.ts";
import { DEFAULT_TAG_RULES } from "#proxy/stats/tag-extractor.ts";
import { page, table } from "./markdown.ts";

interface Group {
  /** As the code calls it: what `isCounted` looks for. */
  readonly constant: string;
  readonly schema: { readonly table: StatsTable };
  readonly prefixes: readonly string[];
  readonly text: string;
}

/** In the order of the page. */
export const GROUPS: readonly Group[] = [
  {
    constant: "CLUSTER",
    schema: CLUSTER,
    prefixes: ["cluster.<name>."],
    text: "Listed as soon as the cluster exists. `<name>` is `alt_stat_name`, or the cluster's name.",
  },
  {
    constant: "CIRCUIT_BREAKER",
    schema: CIRCUIT_BREAKER,
    prefixes: ["cluster.<name>.circuit_breakers.{default,high}."],
    text: "1 while the limit is reached.",
  },
  {
    constant: "CIRCUIT_BREAKER_REMAINING",
    schema: CIRCUIT_BREAKER_REMAINING,
    prefixes: ["cluster.<name>.circuit_breakers.{default,high}."],
    text: "Only where the thresholds say `track_remaining`.",
  },
  {
    constant: "OUTLIER_DETECTION",
    schema: OUTLIER_DETECTION,
    prefixes: ["cluster.<name>.outlier_detection."],
    text: "Only for clusters with outlier detection.",
  },
  {
    constant: "HEALTH_CHECK",
    schema: HEALTH_CHECK,
    prefixes: ["cluster.<name>.health_check."],
    text: "Only for clusters with active health checks.",
  },
  {
    constant: "EDS",
    schema: EDS,
    prefixes: ["cluster.<name>."],
    text: "Only for clusters whose endpoints come by EDS.",
  },
  {
    constant: "CLUSTER_MANAGER",
    schema: CLUSTER_MANAGER,
    prefixes: ["cluster_manager."],
    text: "All clusters together.",
  },
  {
    constant: "HTTP",
    schema: HTTP,
    prefixes: ["http.<stat_prefix>."],
    text: "One HTTP connection manager, or several of one `stat_prefix`.",
  },
  {
    constant: "FAULT",
    schema: FAULT,
    prefixes: ["http.<stat_prefix>.fault."],
    text: "Only where the fault filter is configured.",
  },
  {
    constant: "FAULT_DOWNSTREAM_CLUSTER",
    schema: FAULT_DOWNSTREAM_CLUSTER,
    prefixes: ["http.<stat_prefix>.fault.<downstream cluster>."],
    text: "By the request's `x-envoy-downstream-service-cluster`; the first 1,000 names.",
  },
  {
    constant: "TAP",
    schema: TAP,
    prefixes: ["http.<stat_prefix>.tap."],
    text: "Only where the tap filter is configured. Counted while somebody looks on.",
  },
  {
    constant: "TRACING",
    schema: TRACING,
    prefixes: ["http.<stat_prefix>.tracing."],
    text: "For dashboards made for Envoy: nothing is traced.",
  },
  {
    constant: "HTTP1_CODEC",
    schema: HTTP1_CODEC,
    prefixes: ["http1.", "cluster.<name>.http1."],
    text: "What the HTTP/1 codec dropped or refused, downstream and upstream.",
  },
  {
    constant: "LISTENER",
    schema: LISTENER,
    prefixes: ["listener.<address>."],
    text: "`<address>` is the listener's, with `_` for `:`, or its `stat_prefix`; `admin` for the admin listener.",
  },
  {
    constant: "LISTENER_HTTP",
    schema: LISTENER_HTTP,
    prefixes: ["listener.<address>.http.<stat_prefix>."],
    text: "Responses by class.",
  },
  {
    constant: "LISTENER_WORKER",
    schema: LISTENER_WORKER,
    prefixes: ["listener.<address>.worker_<n>.", "listener.admin.main_thread."],
    text: "Connections by worker.",
  },
  {
    constant: "LISTENER_MANAGER",
    schema: LISTENER_MANAGER,
    prefixes: ["listener_manager."],
    text: "All listeners together.",
  },
  {
    constant: "TCP",
    schema: TCP,
    prefixes: ["tcp.<stat_prefix>."],
    text: "One TCP proxy, or several of one `stat_prefix`.",
  },
  {
    constant: "XDS",
    schema: XDS,
    prefixes: [
      "cluster_manager.cds.",
      "listener_manager.lds.",
      "http.<stat_prefix>.rds.<route name>.",
    ],
    text: "One subscription. Beside them the text `version_text` and the histogram `update_duration`.",
  },
  {
    constant: "CONFIG_RELOAD",
    schema: CONFIG_RELOAD,
    prefixes: ["cluster_manager.cds.", "http.<stat_prefix>.rds.<route name>."],
    text: "When what was received took effect.",
  },
  {
    constant: "RDS",
    schema: RDS,
    prefixes: ["http.<stat_prefix>.rds.<route name>."],
    text: "Routes only.",
  },
  {
    constant: "CONTROL_PLANE",
    schema: CONTROL_PLANE,
    prefixes: ["control_plane."],
    text: "The stream to the management server. Beside them the text `identifier`.",
  },
  { constant: "SERVER", schema: SERVER, prefixes: ["server."], text: "The process." },
  {
    constant: "FILESYSTEM",
    schema: FILESYSTEM,
    prefixes: ["filesystem."],
    text: "Access logs. `write_failed` counts lines that were dropped.",
  },
  {
    constant: "RUNTIME",
    schema: RUNTIME,
    prefixes: ["runtime."],
    text: "For dashboards made for Envoy: there is no runtime override here.",
  },
  {
    constant: "ASYNC_CLIENT",
    schema: ASYNC_CLIENT,
    prefixes: ["http.async-client."],
    text: "Requests of our own: mirrored ones.",
  },
  {
    constant: "WATCHDOG",
    schema: WATCHDOG,
    prefixes: ["workers.", "main_thread.", "server.{main_thread,worker_<n>}."],
    text: "Turns of the event loop that took too long.",
  },
];

const HISTOGRAMS: readonly (readonly [string, string])[] = [
  [
    "cluster.<name>.upstream_rq_time",
    "Milliseconds to the upstream's answer, whole; not for local replies. Again under `external.` or `internal.`",
  ],
  ["cluster.<name>.upstream_cx_connect_ms", "Milliseconds until connected"],
  ["cluster.<name>.upstream_cx_length_ms", "Milliseconds that a connection lived"],
  ["cluster.<name>.upstream_rq_per_cx", "Requests that a connection carried"],
  [
    "http.<stat_prefix>.downstream_rq_time",
    "Milliseconds from the first byte received to the last one sent",
  ],
  ["http.<stat_prefix>.downstream_cx_length_ms", "Milliseconds that a connection lived"],
  ["listener.<address>.downstream_cx_length_ms", "Milliseconds that a connection lived"],
  ["listener.<address>.connections_accepted_per_socket_event", "Connections taken at once"],
  ["server.initialization_time_ms", "Milliseconds until LIVE"],
];

/** `isCounted(constant, name)`: whether any code counts it; what none does is 0 for ever. */
export function statsPage(isCounted: (constant: string, name: string) => boolean): string {
  const sections = GROUPS.map(({ constant, schema, prefixes, text }) => {
    const { names, kinds } = schema.table;
    const rows = names.map((name, id) => [
      `\`${name}\``,
      kinds[id] ?? "",
      isCounted(constant, name) ? "" : "always 0",
    ]);
    const title = prefixes.map((prefix) => `\`${prefix}*\``).join(", ");
    return `## ${title}\n\n${text}\n\n${table(["name", "kind", ""], rows)}`;
  });
  const percents = QUANTILES.map((quantile) => `P${Number((quantile * 100).toFixed(3))}`).join(" ");
  return page(
    "Statistics",
    `Names and kinds are those of Envoy 1.40; \`:\` in a name becomes \`_\`. A line exists once its owner does. "always 0" marks
those that this proxy lists for dashboards made for Envoy and never counts. See \`/stats\` and \`/stats/prometheus\` of the admin interface.`,
    [
      ...sections,
      `## Response codes\n\n\`cluster.<name>.upstream_rq_<code>\`, \`upstream_rq_<class>xx\` and \`upstream_rq_completed\`, counters, listed from the first answer on; the same
under \`external.\` or \`internal.\` by where the request came from, and under \`retry.\` for answers that were retried.`,
      `## Histograms\n\nTwo significant digits; an interval is \`stats_flush_interval\`, default 5 s. Printed as ${percents}, each with the value of the last interval and of
all time. Buckets in Prometheus: ${BUCKET_BOUNDS.join(", ")}.\n\n${table(
        ["name", "meaning"],
        HISTOGRAMS.map(([name, meaning]) => [`\`${name}\``, meaning]),
      )}`,
      `## Labels in Prometheus\n\nTaken out of the name in this order: ${DEFAULT_TAG_RULES.map((rule) => `\`${rule.tag.replaceAll(".", "_")}\``).join(", ")}. As in Envoy, a cluster's label ends at the first
dot of its name; \`stats_config.stats_tags\` in the bootstrap repairs that, as Istio's does.`,
    ],
  );
}
