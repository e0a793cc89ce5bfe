// A worker other than worker 0: does what worker 0 says, in the order in which it is said, and answers what it asks.
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { TapRequestSchema } from "#api/envoy/admin/v3/tap_pb.ts";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { assert, unreachable } from "#base/assert.ts";
import type { Channel } from "#base/channel.ts";
import type { LogLevel } from "#base/log.ts";
import { parseCluster } from "../config/parse-cluster.ts";
import { parseListener } from "../config/parse-listener.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import { parseTapRequest } from "../config/parse-tap-request.ts";
import { formatRejected, type Parsed } from "../config/parsed.ts";
import { Tap } from "../tap/tap-registry.ts";
import type {
  HostReport,
  HostsReport,
  WorkerAnswer,
  WorkerCommand,
  WorkerOrder,
  WorkerQuestion,
} from "./messages.ts";
import { ProxyWorker, type WorkerPorts, type WorkerSettings } from "./proxy-worker.ts";
import { ToldDns } from "./relayed-dns.ts";

export interface FollowerPorts extends Omit<WorkerPorts, "dns"> {
  readonly setLogLevel: (level: LogLevel) => void;
}

/** Serves what comes through `channel` for as long as the thread lives. */
export function follow(
  channel: Channel<WorkerCommand, WorkerAnswer>,
  portsOf: (settings: WorkerSettings) => FollowerPorts,
): void {
  let follower: Follower | undefined;
  channel.listen((command) => {
    if (command.kind === "start") {
      const ports = portsOf(command.settings);
      ports.setLogLevel(command.logLevel);
      follower = new Follower(ports, command.settings, (answer) => channel.post(answer));
      return;
    }
    assert(follower !== undefined, "the first command is start");
    follower.handle(command);
  });
}

export class Follower {
  readonly worker: ProxyWorker;
  readonly #ports: FollowerPorts;
  readonly #dns = new ToldDns();
  readonly #answer: (answer: WorkerAnswer) => void;

  constructor(
    ports: FollowerPorts,
    settings: WorkerSettings,
    answer: (answer: WorkerAnswer) => void,
  ) {
    this.#ports = ports;
    this.#answer = answer;
    this.worker = new ProxyWorker({ ...ports, dns: this.#dns }, settings);
    this.worker.start();
  }

  handle(command: WorkerOrder | WorkerQuestion): void {
    // Worker 0 may still drain, and hear of changes: they are nothing to a worker that has finished.
    if (this.worker.isClosed && command.kind !== "ask") return;
    this.worker.dispatcher.run(() => this.#obey(command));
  }

  #obey(command: WorkerOrder | WorkerQuestion): void {
    const worker = this.worker;
    switch (command.kind) {
      case "updateCluster":
        this.#updateCluster(command);
        return;
      case "removeCluster":
        worker.clusters.remove(command.name);
        return;
      case "updateEndpoints":
        worker.clusters.updateEndpoints(command.endpoints);
        return;
      case "removeEndpoints":
        worker.clusters.removeEndpoints(command.serviceName);
        return;
      case "resolution":
        this.#dns.handleAnswer(command.hostname, command.resolution);
        return;
      case "updateListener":
        this.#updateListener(command);
        return;
      case "removeListener":
        worker.listeners.remove(command.name);
        return;
      case "updateRoutes":
        worker.routes.update(
          accepted(RouteConfigurationSchema, command.body, parseRouteConfiguration),
        );
        return;
      case "removeRoutes":
        worker.routes.remove(command.name);
        return;
      case "setHealthChecksFailed":
        worker.hasFailedHealthChecks = command.hasFailed;
        return;
      case "drainListeners":
        worker.drainListeners(command.options);
        return;
      case "setLogLevel":
        this.#ports.setLogLevel(command.level);
        return;
      case "resetCounters":
        worker.stats.resetCounters();
        return;
      case "reopenLogs":
        this.#reopenLogs();
        return;
      case "attachTap":
        this.#attachTap(command);
        return;
      case "detachTap":
        worker.taps.detach(command.id);
        return;
      case "ask":
        this.#handleQuestion(command);
        return;
    }
    unreachable(command);
  }

  #updateCluster(command: Extract<WorkerOrder, { kind: "updateCluster" }>): void {
    const { addedViaApi, body, counts } = command;
    // Of the bootstrap file, the management server's cluster is let through as well; no traffic goes there.
    const options = { addedViaApi, isManagementServer: !addedViaApi };
    this.worker.clusters.update(
      accepted(ClusterSchema, body, (message) => parseCluster(message, options)),
      counts,
    );
  }

  #updateListener(command: Extract<WorkerOrder, { kind: "updateListener" }>): void {
    const { addedViaApi, body, port } = command;
    const config = accepted(ListenerSchema, body, (message) =>
      parseListener(message, { addedViaApi }),
    );
    const address = { host: config.address.host, port };
    const error = this.worker.listeners.update({ ...config, address });
    if (error === undefined) return;
    // Worker 0 does listen there, so the port is ours; connections go to the workers that could.
    this.#ports.log.error("cannot listen", {
      listener: config.name,
      address: `${address.host}:${address.port}`,
      reason: error.message,
    });
  }

  #attachTap({ id, request, hasDetails }: Extract<WorkerOrder, { kind: "attachTap" }>): void {
    const config = accepted(TapRequestSchema, request, parseTapRequest);
    const onTrace = (text: string, dropped: number): void =>
      this.#answer({ tapId: id, text, dropped });
    this.worker.taps.attach(new Tap(id, config, hasDetails, { onTrace }));
  }

  #reopenLogs(): void {
    for (const failure of this.worker.accessLogs.sinks.reopen()) this.#ports.log.error(failure);
  }

  #handleQuestion(question: WorkerQuestion): void {
    const { id, what } = question;
    switch (what) {
      case "applied":
        this.#answer({ id });
        return;
      case "stats":
        this.#answer({ id, stats: this.worker.report() });
        return;
      case "hosts":
        this.#answer({ id, hosts: this.#hosts() });
        return;
      case "drained":
        void this.worker.drain(question.limitMs).then(() => {
          this.worker.close();
          this.#answer({ id });
        });
        return;
    }
    unreachable(what);
  }

  #hosts(): HostsReport {
    return new Map(
      this.worker.clusters.clusters().map(({ name, hosts }) => {
        const reports = hosts.map(({ addressText, stats, healthFlags }): [string, HostReport] => [
          addressText,
          { stats, healthFlags },
        ]);
        return [name, new Map(reports)];
      }),
    );
  }
}

/** Worker 0 has accepted these bytes, and the same code judges them here: a refusal would be our bug. */
function accepted<D extends DescMessage, C>(
  schema: D,
  body: Uint8Array,
  parse: (message: MessageShape<D>) => Parsed<C>,
): C {
  const parsed = parse(fromBinary(schema, body));
  if (parsed.kind === "parsed") return parsed.value;
  throw new Error(`A worker refused what worker 0 has accepted: ${formatRejected(parsed)}`);
}
