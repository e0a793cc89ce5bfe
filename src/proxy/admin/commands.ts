// Every admin page: its path, whether it changes something, its parameters, and who makes it. /help is printed from here.
import { LOG_LEVELS } from "#base/log.ts";
import { HISTOGRAM_MODES, STAT_TYPES } from "../stats/stats-query.ts";
import {
  type AdminResponse,
  type AdminStream,
  type AdminStreamOut,
  jsonResponse,
  textResponse,
} from "./admin-request.ts";
import type { AdminState, CollectedView } from "./admin-state.ts";
import {
  drainListenersPage,
  failHealthChecksPage,
  loggingPage,
  passHealthChecksPage,
  quitPage,
  reopenLogsPage,
  resetCountersPage,
} from "./pages/actions.ts";
import { clustersPage } from "./pages/clusters.ts";
import { configDumpPage } from "./pages/config-dump.ts";
import { listenersPage } from "./pages/listeners.ts";
import { initDumpPage, memoryPage, readyPage, serverInfoPage } from "./pages/server.ts";
import { prometheusPage, statsPage } from "./pages/stats.ts";
import { openTap, tapPage } from "./pages/tap.ts";

export interface Parameter {
  readonly name: string;
  readonly help: string;
  readonly oneOf?: readonly string[];
}

export interface Command {
  readonly path: string;
  readonly help: string;
  /** Only POST is let through. */
  readonly isMutation?: true;
  /** What it shows of all workers. */
  readonly collects?: CollectedView;
  readonly parameters?: readonly Parameter[];
  handle(state: AdminState, parameters: ReadonlyMap<string, string>): AdminResponse;
  /** Of a page that goes on until the client leaves, and reads what it was sent: in place of `handle`. */
  open?(
    state: AdminState,
    parameters: ReadonlyMap<string, string>,
    body: string,
    out: AdminStreamOut,
  ): AdminStream | AdminResponse;
}

const STATS_PARAMETERS: readonly Parameter[] = [
  {
    name: "usedonly",
    help: "Only include stats that have been written by system since restart",
  },
  { name: "filter", help: "Regular expression (Google re2) for filtering stats" },
  { name: "invert_filter", help: "Invert the filter regex" },
];

/** Sorted by path, as /help prints them. The two pages that print this very list are in admin.ts. */
export const COMMANDS: readonly Command[] = [
  {
    path: "/certs",
    help: "print certs on machine",
    handle: () => jsonResponse({ certificates: [] }),
  },
  {
    path: "/clusters",
    collects: "hosts",
    help: "upstream cluster status",
    parameters: [
      { name: "filter", help: "Regular expression (Google re2) for filtering clusters by name" },
      { name: "format", help: "Format to use", oneOf: ["text", "json"] },
    ],
    handle: clustersPage,
  },
  {
    path: "/config_dump",
    help: "dump current configs",
    parameters: [
      { name: "resource", help: "The resource to dump" },
      {
        name: "name_regex",
        help: "Dump only the currently loaded configurations whose names match the specified regex",
      },
      { name: "include_eds", help: "Dump currently loaded configuration including EDS" },
    ],
    handle: configDumpPage,
  },
  {
    path: "/contention",
    help: "dump mutex contention stats: there are no mutexes here",
    handle: () => textResponse("Mutex contention tracing is not enabled.", 200),
  },
  {
    path: "/drain_listeners",
    help: "drain listeners",
    isMutation: true,
    parameters: [
      {
        name: "graceful",
        help: "When draining listeners, enter a graceful drain period prior to closing listeners",
      },
      {
        name: "skip_exit",
        help: "When draining listeners, drain the connections but never stop the listeners",
      },
      {
        name: "inboundonly",
        help: "Drains all inbound listeners. traffic_direction field of the listener is used to determine whether a listener is inbound or outbound",
      },
    ],
    handle: drainListenersPage,
  },
  {
    path: "/healthcheck/fail",
    help: "cause the server to fail health checks",
    isMutation: true,
    handle: failHealthChecksPage,
  },
  {
    path: "/healthcheck/ok",
    help: "cause the server to pass health checks",
    isMutation: true,
    handle: passHealthChecksPage,
  },
  {
    path: "/hot_restart_version",
    help: "print the hot restart compatibility version",
    handle: () => textResponse("disabled"),
  },
  {
    path: "/init_dump",
    help: "dump what the server or an update waits for",
    handle: initDumpPage,
  },
  {
    path: "/listeners",
    help: "print listener info",
    parameters: [{ name: "format", help: "File format to use", oneOf: ["text", "json"] }],
    handle: listenersPage,
  },
  {
    path: "/logging",
    help: "query/change logging levels",
    isMutation: true,
    parameters: [
      {
        name: "paths",
        help: "Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>",
      },
      {
        name: "level",
        help: "desired logging level, this will change all loggers's level",
        oneOf: ["", ...LOG_LEVELS],
      },
    ],
    handle: loggingPage,
  },
  { path: "/memory", help: "print current allocation/heap usage", handle: memoryPage },
  { path: "/quitquitquit", help: "exit the server", isMutation: true, handle: quitPage },
  {
    path: "/ready",
    help: "print server state, return 200 if LIVE, otherwise return 503",
    handle: readyPage,
  },
  { path: "/reopen_logs", help: "reopen access logs", isMutation: true, handle: reopenLogsPage },
  {
    path: "/reset_counters",
    help: "reset all counters to zero",
    isMutation: true,
    handle: resetCountersPage,
  },
  {
    path: "/runtime",
    help: "print runtime values",
    handle: () => jsonResponse({ layers: [], entries: {} }),
  },
  {
    path: "/runtime_modify",
    help: "Adds or modifies runtime values: refused, there is no admin layer",
    isMutation: true,
    handle: () => textResponse("No admin layer specified", 503),
  },
  {
    path: "/server_info",
    help: "print server version/status information",
    handle: serverInfoPage,
  },
  {
    path: "/stats",
    collects: "stats",
    help: "print server stats",
    parameters: [
      ...STATS_PARAMETERS,
      { name: "format", help: "Format to use", oneOf: ["text", "json"] },
      { name: "type", help: "Stat types to include.", oneOf: STAT_TYPES },
      {
        name: "histogram_buckets",
        help: "Histogram bucket display mode",
        oneOf: HISTOGRAM_MODES,
      },
    ],
    handle: statsPage,
  },
  {
    path: "/stats/prometheus",
    collects: "stats",
    help: "print server stats in prometheus format",
    parameters: [
      ...STATS_PARAMETERS,
      { name: "text_readouts", help: "Render text_readouts as new gauges with value 0" },
      {
        name: "histogram_buckets",
        help: "Histogram bucket display mode",
        oneOf: ["cumulative", "summary"],
      },
    ],
    handle: prometheusPage,
  },
  {
    path: "/tap",
    help: "tap filter control",
    isMutation: true,
    parameters: [
      { name: "details", help: "Traces tell response flags, cluster and duration, too" },
    ],
    handle: tapPage,
    open: openTap,
  },
];
