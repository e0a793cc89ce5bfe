// /stats and /stats/prometheus: which statistics, in which form.
import { renderJson } from "../../stats/render-json.ts";
import { renderPrometheus } from "../../stats/render-prometheus.ts";
import { renderText } from "../../stats/render-text.ts";
import {
  HISTOGRAM_MODES,
  type HistogramMode,
  STAT_TYPES,
  STATS_FORMATS,
  type StatsFilter,
  type StatType,
  selectStats,
} from "../../stats/stats-query.ts";
import { type AdminResponse, JSON_TYPE, textResponse } from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";
import { compileNameFilter } from "../name-filter.ts";

type Parameters = ReadonlyMap<string, string>;

export function statsPage(state: AdminState, parameters: Parameters): AdminResponse {
  const format = parameters.get("format") ?? "text";
  switch (STATS_FORMATS.find((known) => known === format)) {
    case "prometheus":
      return prometheusPage(state, parameters);
    case "json":
      return statsResponse(state, parameters, true);
    case "text":
      return statsResponse(state, parameters, false);
    case undefined:
      return textResponse(`usage: /stats?format=(${STATS_FORMATS.join("|")})\n\n`, 400);
  }
}

function statsResponse(state: AdminState, parameters: Parameters, isJson: boolean): AdminResponse {
  const filter = parseFilter(parameters);
  if ("status" in filter) return filter;
  const mode = parseMode(parameters, "summary");
  if (typeof mode !== "string") return mode;
  const stats = selectStats(state.stats.snapshot(), filter);
  return isJson
    ? { status: 200, contentType: JSON_TYPE, body: renderJson(stats, mode) }
    : textResponse(renderText(stats, mode));
}

export function prometheusPage(state: AdminState, parameters: Parameters): AdminResponse {
  const filter = parseFilter(parameters);
  if ("status" in filter) return filter;
  const mode = parseMode(parameters, "cumulative");
  if (typeof mode !== "string") return mode;
  if (mode !== "cumulative" && mode !== "summary") {
    return textResponse("unsupported prometheus histogram bucket mode", 400);
  }
  const stats = selectStats(state.stats.snapshot(), filter);
  const textReadouts = parameters.has("text_readouts");
  return textResponse(renderPrometheus(stats, state.tags, { histograms: mode, textReadouts }));
}

function parseFilter(parameters: Parameters): StatsFilter | AdminResponse {
  const names = compileNameFilter(parameters.get("filter"));
  if (names.kind === "failed") return textResponse(`Invalid re2 regex: ${names.reason}`, 400);
  const wanted = parameters.get("type") ?? "All";
  const type: StatType | undefined = STAT_TYPES.find((known) => known === wanted);
  if (type === undefined) return textResponse("invalid &type= param", 400);
  const isInverted = parameters.has("invert_filter");
  return {
    usedOnly: parameters.has("usedonly"),
    type,
    isWanted: (name) => names.isWanted(name) !== isInverted,
  };
}

function parseMode(parameters: Parameters, fallback: HistogramMode): HistogramMode | AdminResponse {
  const wanted = parameters.get("histogram_buckets") ?? "";
  // Envoy takes the empty value for the default.
  if (wanted === "") return fallback;
  const mode = HISTOGRAM_MODES.find((known) => known === wanted);
  return (
    mode ?? textResponse(`usage: /stats?histogram_buckets=(${HISTOGRAM_MODES.join("|")})\n`, 400)
  );
}
