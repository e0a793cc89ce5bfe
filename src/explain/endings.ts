// How a request that a route has taken ends, faults aside: forwarded, answered, redirected.
import { formatDuration } from "#base/duration.ts";
import type { ForwardAction, MirrorPolicy, RetryPolicy } from "#proxy/config/route-config.ts";
import { redirectLocation } from "#proxy/route/redirect.ts";
import type { ClusterChoice, RouteEntry } from "#proxy/route/route-entry.ts";
import { knownDestination } from "./choose-entrance.ts";
import { clusterLabel } from "./cluster-name.ts";
import { explainCluster } from "./explain-cluster.ts";
import type { HttpContext, RoutePath } from "./explain-http.ts";
import { prepareHead } from "./explained-head.ts";
import type { Outcome, RetryTerms, Step } from "./explanation.ts";
import { hashPolicyFacts } from "./hash-policy.ts";
import { type Changes, changesOf } from "./header-changes.ts";
import { optionalOrigin, originOf } from "./origin.ts";
import { percent } from "./percent.ts";

/** An outcome whose odds are those of its path's requests. */
export type Ending = Outcome;

export interface Endings {
  readonly steps: readonly Step[];
  /** Their odds sum to 1. */
  readonly endings: readonly Ending[];
}

export function endingsOf(context: HttpContext, { entry, choice }: RoutePath): Endings {
  if (entry === undefined) {
    const because = "no route matches";
    return {
      steps: [],
      endings: [{ odds: 1, kind: "reply", because, status: 404, responseFlags: "NR" }],
    };
  }
  const { action } = entry.route;
  switch (action.kind) {
    case "redirect": {
      const changes = changesFor(context, entry, undefined);
      const location = redirectLocation(entry, context.head);
      return {
        steps: [{ mark: "passed", title: "Redirect", detail: `${action.status} to ${location}` }],
        endings: [
          {
            odds: 1,
            kind: "redirect",
            because: "the route redirects",
            status: action.status,
            location,
            ...headerPart(changes),
            ...optionalOrigin(originOf(entry.route.metadata, "redirect")),
          },
        ],
      };
    }
    case "directResponse": {
      const changes = changesFor(context, entry, undefined);
      const detail = `${action.status} with ${action.body.length} bytes of body`;
      return {
        steps: [{ mark: "passed", title: "Direct response", detail }],
        endings: [
          {
            odds: 1,
            kind: "reply",
            because: "the route answers by itself",
            status: action.status,
            ...headerPart(changes),
            ...optionalOrigin(originOf(entry.route.metadata, "directResponse")),
          },
        ],
      };
    }
    case "forward":
      return forward(context, entry, choice, action);
  }
}

function forward(
  context: HttpContext,
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
  action: ForwardAction,
): Endings {
  if (choice === undefined) {
    const because =
      action.cluster.kind === "header"
        ? `header ${action.cluster.name.text}, which should name the cluster, is missing`
        : "the route names no cluster";
    const steps: Step[] = [{ mark: "stopped", title: "Cluster", detail: because }];
    return { steps, endings: [missing(because, action, undefined)] };
  }
  const { read, arrived } = context;
  const destination = knownDestination(arrived);
  const cluster = explainCluster(read, choice.name, action.priority, destination);
  if (cluster.kind === "missing") {
    return { steps: cluster.steps, endings: [missing(cluster.because, action, choice.name)] };
  }
  const changes = changesFor(context, entry, choice);
  const { hosts, nobodyOdds, subset } = cluster;
  const origin = originOf(entry.route.metadata);
  const endings: Ending[] = [];
  if (nobodyOdds < 1) {
    endings.push({
      odds: 1 - nobodyOdds,
      kind: "forward",
      because: origin === undefined ? "forwarded" : `route of ${origin.object}`,
      cluster: choice.name,
      ...(subset === undefined ? {} : { subset }),
      hosts,
      ...termsOf(context, entry, action),
      ...rewritePart(changes),
      ...mirrorPart(action.mirrors),
      ...headerPart(changes),
      ...optionalOrigin(origin),
    });
  }
  if (nobodyOdds > 0) {
    endings.push({
      odds: nobodyOdds,
      kind: "reply",
      because: `no healthy host in ${clusterLabel(choice.name)}`,
      status: 503,
      responseFlags: "UH",
      cluster: choice.name,
      ...(subset === undefined ? {} : { subset }),
      ...(hosts.length === 0 ? {} : { hosts }),
      ...optionalOrigin(origin),
    });
  }
  return { steps: [...rewriteSteps(changes), ...cluster.steps], endings };
}

/** What the upstream is asked for, where that is not what the client asks for. */
function rewriteSteps({ authority, path }: Changes): Step[] {
  if (authority === undefined && path === undefined) return [];
  const parts = [
    ...(authority === undefined ? [] : [`the host is ${authority}`]),
    ...(path === undefined ? [] : [`the path is ${path}`]),
  ];
  return [{ mark: "passed", title: "Rewrite", detail: `upstream, ${parts.join(" and ")}` }];
}

function missing(because: string, action: ForwardAction, cluster: string | undefined): Ending {
  const status = action.clusterNotFoundStatus;
  return {
    odds: 1,
    kind: "reply",
    because,
    status,
    responseFlags: "NC",
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** Heads are made anew: what the route does to one must not be seen by the next. */
function changesFor(
  { request, config, arrived, head }: HttpContext,
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
): Changes {
  const prepared = prepareHead(request, config, arrived);
  return changesOf(entry, choice, head, prepared.kind === "prepared" ? prepared.head : head);
}

function termsOf(
  { config }: HttpContext,
  { retryPolicy }: RouteEntry,
  action: ForwardAction,
): Pick<Outcome, "timeoutMs" | "idleTimeoutMs" | "retries"> {
  const { timeoutMs } = action;
  const idleTimeoutMs =
    action.idleTimeoutMs === "inherit" ? config.streamIdleTimeoutMs : action.idleTimeoutMs;
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    ...(hasRetries(retryPolicy) ? { retries: retryTerms(retryPolicy) } : {}),
  };
}

function hasRetries(policy: RetryPolicy | undefined): policy is RetryPolicy {
  return policy !== undefined && policy.numRetries > 0 && policy.on.size > 0;
}

function retryTerms(policy: RetryPolicy): RetryTerms {
  const { numRetries, perTryTimeoutMs } = policy;
  return {
    attempts: numRetries,
    on: retriedOn(policy),
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
  };
}

/** Conditions, then the status codes that "retriable-status-codes" means. */
function retriedOn({ on, retriableStatusCodes }: RetryPolicy): string[] {
  const codes = on.has("retriable-status-codes") ? [...retriableStatusCodes].map(String) : [];
  return [...on, ...codes];
}

function rewritePart({ authority, path }: Changes): Pick<Outcome, "rewrite"> {
  if (authority === undefined && path === undefined) return {};
  return {
    rewrite: {
      ...(authority === undefined ? {} : { authority }),
      ...(path === undefined ? {} : { path }),
    },
  };
}

function mirrorPart(mirrors: readonly MirrorPolicy[]): Pick<Outcome, "mirrors"> {
  const copied = mirrors.filter(({ fraction }) => fraction?.numerator !== 0);
  return copied.length === 0 ? {} : { mirrors: copied.map(({ cluster }) => cluster) };
}

function headerPart({ request, response }: Changes): Pick<Outcome, "headers"> {
  return request.length + response.length === 0 ? {} : { headers: { request, response } };
}

/** What a route that forwards says besides where to, in words. */
export function forwardFacts(entry: RouteEntry, action: ForwardAction): string[] {
  const facts: string[] = [];
  if (action.timeoutMs !== undefined) facts.push(`timeout ${formatDuration(action.timeoutMs)}`);
  const policy = entry.retryPolicy;
  if (hasRetries(policy)) {
    const tries = policy.numRetries === 1 ? "retry" : "retries";
    const each =
      policy.perTryTimeoutMs === undefined
        ? ""
        : `, ${formatDuration(policy.perTryTimeoutMs)} each`;
    facts.push(`up to ${policy.numRetries} ${tries} on ${retriedOn(policy).join(", ")}${each}`);
  }
  if (typeof action.idleTimeoutMs === "number") {
    facts.push(`idle timeout ${formatDuration(action.idleTimeoutMs)}`);
  }
  if (action.prefixRewrite !== undefined) {
    facts.push(`the matched part of the path becomes ${action.prefixRewrite}`);
  }
  if (action.regexRewrite !== undefined) {
    const { regex, substitution } = action.regexRewrite;
    facts.push(`what matches ${regex.source} in the path becomes ${substitution}`);
  }
  if (action.hostRewrite?.kind === "literal") {
    facts.push(`the host becomes ${action.hostRewrite.host}`);
  }
  for (const { cluster, fraction } of action.mirrors) {
    const share = fraction === undefined ? 1 : fraction.numerator / fraction.denominator;
    const what = share >= 1 ? "a copy of each goes" : `copies of ${percent(share)} go`;
    if (share > 0) facts.push(`${what} to ${clusterLabel(cluster)}`);
  }
  return [...facts, ...headerFacts(entry), ...hashPolicyFacts(entry)];
}

function headerFacts({ route, virtualHost, table }: RouteEntry): string[] {
  const facts: string[] = [];
  for (const direction of ["request", "response"] as const) {
    for (const { headers } of [route, virtualHost, table.config]) {
      const { add, remove } = headers[direction];
      if (add.length > 0) {
        facts.push(
          `${direction} headers set: ${[...new Set(add.map(({ name }) => name.text))].join(", ")}`,
        );
      }
      if (remove.length > 0) {
        facts.push(`${direction} headers removed: ${remove.map(({ text }) => text).join(", ")}`);
      }
    }
  }
  return facts;
}
