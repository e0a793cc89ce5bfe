// From one workload to another, in the order in which a request meets things: the first thing that is wrong is the answer.
import type { Clock } from "#base/clock.ts";
import type { SocketAddress } from "#base/net.ts";
import { type ExplainedRequest, explain } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { outboundCluster } from "#pilot/translate/names.ts";
import { AdminClient } from "../client/admin-client.ts";
import { PilotClient } from "../client/pilot-client.ts";
import { adminAddressOf } from "../client/proxies.ts";
import type { Shell } from "../shell/shell.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { toExplained } from "../why/entrance.ts";
import { type FoundConfiguration, fromMesh } from "../why/find-configuration.ts";
import type { WantedRequest } from "../why/wanted-request.ts";
import { type Finding, note, ok, wrong } from "./finding.ts";
import { loadPages, type PilotPages } from "./pages.ts";
import { checkPath, isCatchAll, problemsAbout } from "./path-checks.ts";
import { probe } from "./probe.ts";
import { checkInstances, checkSync, findReport } from "./proxy-checks.ts";
import { checkOverflows } from "./stats-checks.ts";
import { findTarget, type Target } from "./target.ts";

export interface Walk {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Send one request. */
  readonly probes: boolean;
}

type WalkShell = Shell;

export const cannotReachPilot = (message: string): Finding =>
  wrong(
    message.split("\n")[0] ?? message,
    'Proxies serve on with what they hold. Why the pilot ended: sampan logs pilot; start a mesh with "sampan up", or name another pilot with --pilot host:port',
  );

/** Ends with the first finding that is wrong, or when everything was looked at. */
export async function* walkFrom(
  shell: WalkShell,
  pilotAddress: SocketAddress,
  walk: Walk,
): AsyncGenerator<Finding> {
  for await (const finding of findings(shell, pilotAddress, walk)) {
    yield finding;
    if (finding.mark === "wrong") return;
  }
}

async function* findings(
  shell: WalkShell,
  pilotAddress: SocketAddress,
  walk: Walk,
): AsyncGenerator<Finding> {
  const pilot = new PilotClient(shell.httpClient, pilotAddress);
  const loaded = await loadPages(pilot);
  if (loaded.kind === "failed") {
    yield cannotReachPilot(loaded.message);
    return;
  }
  const { pages } = loaded;
  yield ok(`Pilot: ${formatSocketAddress(pilotAddress)} answers`);
  const found = findReport(pages, walk.from);
  if (found.kind === "missing") {
    yield found.finding;
    return;
  }
  const { name } = found.report;
  yield ok(`Proxy: ${name} is connected`);
  const report = await whenConfirmed(shell, pilot, found.report);
  yield checkSync(report);
  const wanted = findTarget(pages.services, walk.to, report.namespace);
  if (wanted.kind === "missing") {
    yield wanted.finding;
    return;
  }
  const { target } = wanted;
  yield* checkProblems(pages, target);
  const request = requestOf(walk, target, report);
  const configured = await fromMesh(shell, pilot, report.proxy, request);
  if (configured.kind === "failed") {
    yield wrong(
      configured.message,
      `Is its process alive? sampan status; its log: sampan logs ${report.name}`,
    );
    return;
  }
  yield certificates(configured.configuration, shell.clock);
  yield* checkDestination(shell, { pages, report, target, request, configured, walk });
}

/** What was sent a moment ago is confirmed in another. */
const CONFIRM_TRIES = 6;
const CONFIRM_POLL_MS = 300;

/** The proxy's newest report, once it has confirmed what it was sent, or does not for too long. */
async function whenConfirmed(
  { timers }: Shell,
  pilot: PilotClient,
  report: ProxyReport,
): Promise<ProxyReport> {
  let newest = report;
  for (let tries = 0; tries < CONFIRM_TRIES && newest.state === "behind"; tries += 1) {
    await new Promise<void>((resolve) => timers.after(CONFIRM_POLL_MS, resolve));
    const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
    if (answer.kind !== "answered") break;
    newest = answer.value.find(({ proxy }) => proxy === report.proxy) ?? newest;
  }
  return newest;
}

interface Way {
  readonly pages: PilotPages;
  readonly report: ProxyReport;
  readonly target: Target;
  readonly request: WantedRequest;
  readonly configured: FoundConfiguration;
  readonly walk: Walk;
}

async function* checkDestination(shell: WalkShell, way: Way): AsyncGenerator<Finding> {
  const { pages, report, target, request, configured, walk } = way;
  const { configuration } = configured;
  const isVisible = checkVisibility(configuration, target, report);
  if (isVisible !== undefined) yield isVisible;
  const explained = toExplained(request, configuration);
  const explanation = await configured.place(explain(configuration, explained));
  if (isCatchAll(explanation)) {
    yield wrong(
      `Virtual host: no virtual host of ${report.name} is for ${explained.authority}`,
      "Whoever asks must name a host that a service or VirtualService has; see sampan proxy-config route",
    );
  }
  yield* checkPath(explanation, pages);
  const unreachable = checkInstances(pages, target.port.endpoints);
  if (unreachable !== undefined) yield unreachable;
  const { outcomes } = explanation;
  if (walk.probes) {
    const door = doorOf(explained, configuration, report);
    const { authority, path, headers } = explained;
    yield await probe(shell.httpClient, {
      ...door,
      authority,
      path,
      headers,
      outcomes,
      from: report.name,
    });
  }
  const admin = new AdminClient(shell.httpClient, adminAddressOf(report));
  const clusters = new Set(outcomes.flatMap(({ cluster }) => cluster ?? []));
  yield* await checkOverflows(admin, report.name, clusters);
  for (const text of problemsAbout(pages, target.service.hostname, "warning")) yield note(text);
}

/** A gateway is asked at its own door, whatever it leads to. */
function requestOf({ path, headers }: Walk, target: Target, report: ProxyReport): WantedRequest {
  const { authority, port } = target;
  const isGateway = report.type === "router";
  const [host = authority] = authority.split(":");
  return {
    method: "GET",
    scheme: "http",
    target: isGateway ? undefined : { host, port: port.number },
    authority: headers.find(([name]) => name === "host")?.[1] ?? (isGateway ? "" : authority),
    path,
    headers: headers.filter(([name]) => name !== "host"),
  };
}

/** Of documents that were refused: those about this service are wrong, others are said. */
function* checkProblems(pages: PilotPages, { service }: Target): Generator<Finding> {
  const [first] = problemsAbout(pages, service.hostname, "error");
  if (first !== undefined) {
    yield wrong(
      `Configuration: ${first}`,
      "The last good version stays in force until it is mended; sampan validate tells when it is",
    );
    return;
  }
  const errors = pages.problems.filter(({ severity }) => severity === "error");
  const [other] = errors;
  if (other === undefined) yield ok("Configuration: no document is refused");
  else {
    const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more: sampan get problems)`;
    yield note(`Configuration: ${other.text}${more}`);
  }
}

function certificates({ secrets }: ProxyConfiguration, clock: Clock): Finding {
  const dated = secrets.filter(({ certificate }) => certificate !== undefined);
  if (dated.length === 0) return ok("Certificates: none are used, traffic is plain text");
  const expired = dated.find(({ certificate }) => (certificate?.notAfterMs ?? 0) < clock.wallMs());
  return expired === undefined
    ? ok(`Certificates: ${dated.length} are valid`)
    : wrong(
        `Certificates: ${expired.name} has expired`,
        "Whoever issues certificates must renew it; a clock that is wrong looks the same: sampan preflight",
      );
}

/** The service exists, and this proxy does not know it. */
function checkVisibility(
  { clusters }: ProxyConfiguration,
  { service, port }: Target,
  report: ProxyReport,
): Finding | undefined {
  if (report.type === "router") return undefined; // a gateway knows what its VirtualServices name
  const name = outboundCluster(port.number, "", service.hostname);
  if (clusters.some((cluster) => cluster.name === name)) return undefined;
  const { file, line } = service.source;
  return wrong(
    `Service: ${service.hostname} exists (${file}:${line}), but ${report.name} in namespace ${report.namespace} may not see it`,
    `Its exportTo must name ${report.namespace} or "*"; a Sidecar object of ${report.namespace} must have it in egress.hosts`,
  );
}

/** Where a client of the proxy would connect. */
function doorOf(
  { entrance }: ExplainedRequest,
  { listeners }: ProxyConfiguration,
  { ipAddress }: ProxyReport,
): SocketAddress {
  if (entrance.kind === "address") {
    const isAddress = /^[\d.]+$|:/.test(entrance.host);
    return { host: isAddress ? entrance.host : ipAddress, port: entrance.port };
  }
  for (const { address } of listeners) {
    const at = address?.address;
    if (at?.case !== "socketAddress" || at.value.portSpecifier.case !== "portValue") continue;
    if (at.value.portSpecifier.value !== HTTP_PROXY_PORT) continue;
    const host = at.value.address === "0.0.0.0" ? ipAddress : at.value.address;
    return { host, port: HTTP_PROXY_PORT };
  }
  return { host: ipAddress, port: HTTP_PROXY_PORT };
}

/** As `sampan pilot` has it: Istio's proxyListenPort. */
const HTTP_PROXY_PORT = 15001;
