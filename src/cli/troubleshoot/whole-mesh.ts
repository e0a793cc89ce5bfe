// A quick look at everything: each proxy and each service, and all that is wrong with them.
import type { SocketAddress } from "#base/net.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { AdminClient } from "../client/admin-client.ts";
import { showCluster } from "../client/destination-name.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { PilotClient } from "../client/pilot-client.ts";
import { adminAddressOf } from "../client/proxies.ts";
import { loadProxyConfiguration } from "../client/proxy-configuration.ts";
import type { Shell } from "../shell/shell.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { counted, type Finding, note, ok, wrong } from "./finding.ts";
import { loadPages, type PilotPages } from "./pages.ts";
import { checkSync } from "./proxy-checks.ts";
import { checkOverflows } from "./stats-checks.ts";
import { cannotReachPilot } from "./walk.ts";

/** Admin pages asked for: more proxies than that are a fleet, and have dashboards. */
const MAX_PROXIES = 200;
/** Of errors, and of warnings. */
const MAX_PROBLEMS = 10;
/** At a time. */
const PARALLEL = 8;

export async function* lookAtMesh(shell: Shell, address: SocketAddress): AsyncGenerator<Finding> {
  const pilot = new PilotClient(shell.httpClient, address);
  const loaded = await loadPages(pilot);
  if (loaded.kind === "failed") {
    yield cannotReachPilot(loaded.message);
    return;
  }
  const { pages } = loaded;
  yield ok(`Pilot: ${formatSocketAddress(address)} answers`);
  yield* configurationFindings(pages);
  yield* proxyFindings(pages);
  yield* serviceFindings(pages);
  yield* await adminFindings(shell, pages);
}

function* configurationFindings({ problems }: PilotPages): Generator<Finding> {
  const errors = problems.filter(({ severity }) => severity === "error");
  const warnings = problems.filter(({ severity }) => severity === "warning");
  for (const { text } of errors.slice(0, MAX_PROBLEMS)) {
    yield wrong(
      `Configuration: ${text}`,
      "The last good version stays in force until it is mended",
    );
  }
  if (errors.length === 0) yield ok("Configuration: no document is refused");
  for (const { text } of warnings.slice(0, MAX_PROBLEMS)) yield note(`Configuration: ${text}`);
  const more =
    Math.max(0, errors.length - MAX_PROBLEMS) + Math.max(0, warnings.length - MAX_PROBLEMS);
  if (more > 0) yield note(`Configuration: ${more} more: sampan get problems`);
}

function* proxyFindings({ proxies }: PilotPages): Generator<Finding> {
  if (proxies.length === 0) {
    yield wrong(
      "Proxies: none is connected",
      "Start them with this pilot's xDS address: sampan up, or sampan proxy",
    );
    return;
  }
  const bad = proxies.map(checkSync).filter(({ mark }) => mark === "wrong");
  yield* bad;
  if (bad.length === 0) yield ok(`Proxies: ${proxies.length} connected, all live`);
}

function* serviceFindings({ services }: PilotPages): Generator<Finding> {
  let bad = 0;
  for (const { hostname, ports, source, resolution } of services) {
    if (resolution !== "static" && resolution !== "STATIC") continue; // names are resolved by each proxy
    for (const { number, endpoints } of ports) {
      const healthy = endpoints.filter(({ health }) => health === "healthy").length;
      if (healthy > 0) continue;
      bad += 1;
      const name = `${shortServiceName(hostname)}:${number}`;
      yield endpoints.length === 0
        ? wrong(
            `Services: ${name} has no instance`,
            `${source.file}:${source.line}: do the labels of a WorkloadGroup fit its workloadSelector?`,
          )
        : wrong(
            `Services: none of ${counted(endpoints.length, "instance")} of ${name} is healthy`,
            `sampan logs ${endpoints[0]?.workload.name ?? ""}`,
          );
    }
  }
  if (bad === 0)
    yield ok(`Services: ${counted(services.length, "service")}, each with a healthy instance`);
}

async function adminFindings(shell: Shell, { proxies }: PilotPages): Promise<readonly Finding[]> {
  const waiting = proxies.slice(0, MAX_PROXIES);
  const findings: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      findings.push(...(await lookAtProxy(shell, next)));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  findings.sort((a, b) => (a.message < b.message ? -1 : 1));
  return findings.length === 0
    ? [ok("Hosts: none ejected, no circuit breaker has turned anything away")]
    : findings;
}

async function lookAtProxy(shell: Shell, report: ProxyReport): Promise<readonly Finding[]> {
  // Libraries have no admin pages.
  if (report.type === "grpc") return [];
  const admin = new AdminClient(shell.httpClient, adminAddressOf(report));
  const loaded = await loadProxyConfiguration(admin);
  if (loaded.kind === "failed") {
    return [
      wrong(loaded.message, `Is it alive? sampan status; its log: sampan logs ${report.name}`),
    ];
  }
  const findings: Finding[] = [];
  for (const [cluster, hosts] of loaded.configuration.hosts) {
    const ejected = hosts.filter(({ failed }) => failed.outlierCheck);
    if (ejected.length === 0) continue;
    const list = ejected.map(({ address }) => address).join(", ");
    findings.push(
      wrong(
        `Hosts: ${report.name} has ejected ${ejected.length} of ${hosts.length} of ${showCluster(cluster, report.namespace)}: ${list}`,
        "They come back if they serve again; why they failed stands in their logs: sampan logs",
      ),
    );
  }
  return [...findings, ...(await checkOverflows(admin, report.name, undefined))];
}
