// A request that a HTTP connection manager takes: route configuration, virtual host, route, faults, and then its ending.
import { formatDuration } from "#base/duration.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { FaultConfig } from "#proxy/config/fault-config.ts";
import type { HttpConnectionManagerConfig } from "#proxy/config/listener-config.ts";
import { endOfPath } from "#proxy/route/bytes.ts";
import type { ClusterChoice, CompiledRoute, RouteEntry } from "#proxy/route/route-entry.ts";
import { type CompiledHost, type RouteTable, wantsTls } from "#proxy/route/route-table.ts";
import type { Arrived } from "./choose-entrance.ts";
import { clusterLabel } from "./cluster-name.ts";
import { type Ending, endingsOf } from "./endings.ts";
import { type PreparedHead, prepareHead } from "./explained-head.ts";
import type { ExplainedRequest, Explanation, Outcome, Step } from "./explanation.ts";
import { type FaultOdds, faultEndings, faultOdds } from "./faults.ts";
import { optionalOrigin, originOf, within } from "./origin.ts";
import { percent } from "./percent.ts";
import { inlineTable, type Read, type ReadConfiguration } from "./read-configuration.ts";
import { choiceShares, type RouteShare, routeShares } from "./route-shares.ts";
import { routeStep } from "./route-step.ts";
import { tableStep, unknownHostStep, virtualHostStep } from "./virtual-host-step.ts";

/** What the steps of one request share. */
export interface HttpContext {
  readonly read: ReadConfiguration;
  readonly config: HttpConnectionManagerConfig;
  readonly arrived: Arrived;
  readonly request: ExplainedRequest;
  readonly head: RequestHead;
}

export function explainHttp(
  read: ReadConfiguration,
  config: HttpConnectionManagerConfig,
  arrived: Arrived,
  request: ExplainedRequest,
): Explanation {
  const prepared = prepareHead(request, config, arrived);
  const steps: Step[] = [...arrived.steps];
  if (prepared.kind === "refused") return refused(steps, prepared);
  const context = { read, config, arrived, request, head: prepared.head };
  const table = tableOf(config, read);
  steps.push(tableStep(context, table));
  const found = table?.value.findHost(prepared.head);
  if (table === undefined || found === undefined) {
    if (table !== undefined) steps.push(unknownHostStep(context, table.value));
    return settle(context, steps, [{ entry: undefined, choice: undefined, odds: 1 }]);
  }
  steps.push(virtualHostStep(context, table.value, found));
  const host = found.value;
  if (host.tlsRedirect !== undefined && wantsTls(host.config, prepared.head)) {
    const detail = "the virtual host wants TLS: every request without is sent to https";
    steps.push({ mark: "passed", title: "Route", detail });
    return settle(context, steps, [{ entry: host.tlsRedirect, choice: undefined, odds: 1 }]);
  }
  return explainRoutes(context, steps, host);
}

function tableOf(
  { route }: HttpConnectionManagerConfig,
  read: ReadConfiguration,
): Read<RouteTable> | undefined {
  if (route.kind === "rds") return read.route(route.name);
  return { value: inlineTable(route.config), refusal: undefined };
}

function refused(
  steps: readonly Step[],
  { status, flags, details }: Extract<PreparedHead, { kind: "refused" }>,
): Explanation {
  const because = `refused before routing: ${details}`;
  const step: Step = { mark: "stopped", title: "Request", detail: `${because} (${status})` };
  const outcome: Outcome = {
    odds: 1,
    kind: "reply",
    because,
    status,
    ...(flags === undefined ? {} : { responseFlags: flags }),
  };
  return { steps: [...steps, step], outcomes: [outcome] };
}

function explainRoutes(context: HttpContext, steps: Step[], host: CompiledHost): Explanation {
  const { head } = context;
  const pathEnd = endOfPath(head.pathBytes, head.pathStart, head.pathEnd);
  const shares = routeShares(host.routes, head, pathEnd);
  steps.push(routeStep(host, shares, head, pathEnd));
  return settle(
    context,
    steps,
    shares.flatMap((share) => pathsOf(share, head)),
  );
}

/** One way through the routes. */
export interface RoutePath {
  readonly entry: RouteEntry | undefined;
  readonly choice: ClusterChoice | undefined;
  readonly odds: number;
}

function pathsOf(share: RouteShare, head: RequestHead): RoutePath[] {
  const entry: CompiledRoute | undefined = share.route;
  return choiceShares(share, head).map(({ choice, odds }) => ({ entry, choice, odds }));
}

/** Adds the steps after routing, and what comes of each path. */
function settle(context: HttpContext, steps: Step[], paths: readonly RoutePath[]): Explanation {
  const outcomes: Outcome[] = [];
  const seen = new Set<string>();
  const add = (step: Step): void => {
    const key = JSON.stringify(step);
    if (!seen.has(key)) steps.push(step);
    seen.add(key);
  };
  const faults = paths.map((path) => faultsOf(context, path));
  for (const [i, path] of paths.entries()) {
    const odds = faults[i];
    const step = odds === undefined ? undefined : faultStep(path, odds);
    if (step !== undefined) add(step);
  }
  for (const [i, path] of paths.entries()) {
    const { steps: more, endings } = endingsOf(context, path);
    const isAlwaysAborted = faults[i]?.abort?.odds === 1;
    if (!isAlwaysAborted) for (const step of more) add(step);
    outcomes.push(...withFaults(context, path, endings, faults[i]));
  }
  return { steps, outcomes };
}

/** undefined: no fault filter, or switched off here. */
function faultsOf(
  { config, head }: HttpContext,
  { entry, choice }: RoutePath,
): FaultOdds | undefined {
  const filter = config.httpFilters.find(({ kind }) => kind === "fault");
  if (filter?.kind !== "fault") return undefined;
  const fault: FaultConfig | "disabled" = (choice ?? entry)?.fault ?? filter.config;
  return fault === "disabled" ? undefined : faultOdds(fault, head, choice?.name);
}

function faultStep({ entry, choice }: RoutePath, odds: FaultOdds): Step | undefined {
  const { delay, abort, maxActiveFaults } = odds;
  const parts: string[] = [];
  if (delay !== undefined) {
    parts.push(`${percent(delay.odds)} are held up for ${formatDuration(delay.delayMs)}`);
  }
  if (abort !== undefined) {
    parts.push(`${percent(abort.odds)} are answered ${abortText(abort.abort)}`);
  }
  if (parts.length === 0) return undefined;
  const whose = choice?.weighted?.fault === undefined ? "" : ` (to ${clusterLabel(choice.name)})`;
  return {
    mark: "maybe",
    title: "Fault",
    detail: `${parts.join(", ")}${whose}`,
    ...optionalOrigin(faultOrigin(entry)),
    ...(maxActiveFaults === undefined
      ? {}
      : { facts: [`at most ${maxActiveFaults} requests suffer a fault at a time`] }),
  };
}

const faultOrigin = (entry: RouteEntry | undefined) =>
  entry === undefined ? undefined : within(originOf(entry.route.metadata), "fault");

type AbortText = NonNullable<FaultOdds["abort"]>["abort"];

const abortText = ({ status, grpcStatus }: AbortText): string =>
  grpcStatus === undefined ? String(status) : `with gRPC status ${grpcStatus}`;

function withFaults(
  { head }: HttpContext,
  { entry, choice, odds }: RoutePath,
  endings: readonly Ending[],
  faults: FaultOdds | undefined,
): Outcome[] {
  const ways = faults === undefined ? [NO_FAULT] : faultEndings(faults);
  return ways.flatMap((way): Outcome[] => {
    const share = odds * way.odds;
    const delay = way.delayMs > 0 ? { delayMs: way.delayMs } : {};
    const flags = way.delayMs > 0 ? "DI" : "";
    if (way.abort === undefined) {
      return endings.map((ending) => ({
        ...ending,
        ...delay,
        odds: share * ending.odds,
        ...joinedFlags(flags, ending.responseFlags),
      }));
    }
    const origin = faultOrigin(entry);
    return [
      {
        odds: share,
        kind: "reply",
        because: origin === undefined ? "fault" : `fault of ${origin.object}`,
        status: isGrpc(head) ? 200 : way.abort.status,
        ...delay,
        ...joinedFlags(flags, "FI"),
        ...(choice === undefined ? {} : { cluster: choice.name }),
        ...optionalOrigin(origin),
      },
    ];
  });
}

const NO_FAULT = { odds: 1, delayMs: 0, abort: undefined };

/** gRPC is told its status in a field, and always 200. */
const isGrpc = (head: RequestHead): boolean => {
  for (let i = 0; i < head.count; i += 1) {
    if (head.isRemoved(i) || head.nameAt(i) !== "content-type") continue;
    return /^application\/grpc(?:$|[+;])/.test(head.valueAt(i));
  }
  return false;
};

function joinedFlags(
  first: string,
  second: string | undefined,
): { readonly responseFlags?: string } {
  const flags = [first, second ?? ""].filter((flag) => flag !== "").join(",");
  return flags === "" ? {} : { responseFlags: flags };
}
