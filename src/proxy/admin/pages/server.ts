// Pages about the process: /ready, /server_info, /memory, and those of facilities that this proxy does not have.
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { messageToJson } from "#api/json.ts";
import { type AdminResponse, jsonResponse, textResponse } from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";

export function readyPage(state: AdminState): AdminResponse {
  const server = state.server.state();
  return textResponse(`${server}\n`, server === "LIVE" ? 200 : 503);
}

const seconds = (ms: number): string => `${Math.floor(ms / 1000)}s`;

/** envoy.admin.v3.ServerInfo; the command line holds those of Envoy's options that this proxy has. */
export function serverInfoPage({ server, config, actions }: AdminState): AdminResponse {
  const { options } = server;
  const uptime = seconds(server.uptimeMs());
  const { node } = config.bootstrap;
  return jsonResponse({
    version: `sampan/${server.version}`,
    state: server.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: "disabled",
    hot_restart_initializing: false,
    command_line_options: {
      concurrency: options.concurrency,
      config_path: options.configPath,
      log_level: actions.loggers()[0]?.level ?? "off",
      service_cluster: options.serviceCluster,
      service_node: options.serviceNode,
      drain_time: seconds(options.drainTimeMs),
      mode: "Serve",
      disable_hot_restart: true,
      restart_epoch: 0,
    },
    ...(node === undefined ? {} : { node: messageToJson(NodeSchema, node, { names: "proto" }) }),
  });
}

/** envoy.admin.v3.Memory, of which a JavaScript heap knows three; 64-bit numbers are strings in protobuf JSON. */
export function memoryPage({ server }: AdminState): AdminResponse {
  const memory = server.memory();
  return jsonResponse({
    allocated: String(memory.usedHeapBytes),
    heap_size: String(memory.totalHeapBytes),
    pageheap_unmapped: "0",
    pageheap_free: "0",
    total_thread_cache: "0",
    total_physical_bytes: String(memory.residentBytes),
  });
}

/** What keeps the proxy, or an update, from being ready. */
export function initDumpPage(state: AdminState): AdminResponse {
  const { clusters, listeners } = state.warming();
  const dumps = [
    ...listeners.map((name) => ({
      name: `init manager Listener-local-init-manager ${name}`,
      target_names: [`listener ${name}`],
    })),
    ...clusters.map((name) => ({
      name: `init manager Cluster ${name}`,
      target_names: [`cluster ${name}`],
    })),
  ];
  return jsonResponse(dumps.length === 0 ? {} : { unready_targets_dumps: dumps });
}
