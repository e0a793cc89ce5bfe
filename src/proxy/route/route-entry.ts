// One route, compiled: what requests that match it share, and keep for their lives.
import { quoted } from "#base/log.ts";
import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { latin1, latin1Bytes } from "#codec/latin1.ts";
import type { FormatEnvironment } from "../access-log/operator.ts";
import type { FaultConfig, FractionalPercent } from "../config/fault-config.ts";
import type {
  HeaderOperations,
  RetryPolicy,
  Route,
  VirtualHostConfig,
  WeightedCluster,
} from "../config/route-config.ts";
import { equalsAt } from "./bytes.ts";
import { compileHeaderMatcher } from "./header-matcher.ts";
import { createHeaderPlan, type HeaderPlan } from "./header-plan.ts";
import { compilePathMatch, type PathPredicate } from "./path-matcher.ts";
import { compileQueryMatcher } from "./query-matcher.ts";
import type { RouteTable } from "./route-table.ts";

/** One of the clusters that a route may choose, with what that choice adds. */
export interface ClusterChoice {
  readonly name: string;
  /** The entry of weighted_clusters, when it is one. */
  readonly weighted: WeightedCluster | undefined;
  /** Sum of the weights up to and with this one. */
  readonly upTo: number;
  readonly requestHeaders: HeaderPlan;
  readonly responseHeaders: HeaderPlan;
  /** The fault in force: the most specific level's that has one; undefined: the filter's own. */
  readonly fault: FaultConfig | "disabled" | undefined;
}

export interface RouteEntry {
  readonly route: Route;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTable;
  /** The route's, else the virtual host's. */
  readonly retryPolicy: RetryPolicy | undefined;
  /** The route's, else the virtual host's, else the configuration's; undefined: the filter's own. */
  readonly fault: FaultConfig | "disabled" | undefined;
  /** In the order of weights; one for a single cluster; none where a header names it or nothing is forwarded. */
  readonly choices: readonly ClusterChoice[];
  /** For a request whose cluster a header names, and for responses that the proxy makes by itself. */
  readonly requestHeaders: HeaderPlan;
  readonly responseHeaders: HeaderPlan;
  /** Stands for no route of the configuration: the virtual host wants TLS. */
  readonly isTlsRedirect: boolean;
}

/** One condition besides the path. */
interface Condition {
  matches(head: RequestHead, random: number): boolean;
  explain(head: RequestHead, random: number): string;
}

export class CompiledRoute implements RouteEntry {
  readonly route: Route;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTable;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly fault: FaultConfig | "disabled" | undefined;
  readonly choices: readonly ClusterChoice[];
  readonly requestHeaders: HeaderPlan;
  readonly responseHeaders: HeaderPlan;
  readonly isTlsRedirect: boolean;
  readonly #path: PathPredicate;
  readonly #conditions: readonly Condition[];

  constructor(
    route: Route,
    virtualHost: VirtualHostConfig,
    table: RouteTable,
    environment: FormatEnvironment,
    isTlsRedirect = false,
  ) {
    const { config } = table;
    this.route = route;
    this.virtualHost = virtualHost;
    this.table = table;
    this.isTlsRedirect = isTlsRedirect;
    this.#path = compilePathMatch(route.match.path);
    this.#conditions = compileConditions(route);
    this.fault = route.fault ?? virtualHost.fault ?? config.fault;
    const own = route.action.kind === "forward" ? route.action.retryPolicy : undefined;
    this.retryPolicy = own ?? virtualHost.retryPolicy;
    const mostSpecificWins = config.mostSpecificHeaderMutationsWins;
    const plan = (
      direction: "request" | "response",
      weighted: HeaderOperations | undefined,
    ): HeaderPlan => {
      const levels = [weighted, route.headers, virtualHost.headers, config.headers];
      return createHeaderPlan(levels, direction, { mostSpecificWins, environment });
    };
    this.requestHeaders = plan("request", undefined);
    this.responseHeaders = plan("response", undefined);
    this.choices = this.#compileChoices(plan);
  }

  #compileChoices(
    plan: (d: "request" | "response", weighted: HeaderOperations | undefined) => HeaderPlan,
  ): ClusterChoice[] {
    const { action } = this.route;
    if (action.kind !== "forward" || action.cluster.kind === "header") return [];
    const { requestHeaders, responseHeaders, fault } = this;
    if (action.cluster.kind === "cluster") {
      const { name } = action.cluster;
      return [{ name, weighted: undefined, upTo: 1, requestHeaders, responseHeaders, fault }];
    }
    let upTo = 0;
    return action.cluster.clusters.map((weighted) => {
      upTo += weighted.weight;
      return {
        name: weighted.name,
        weighted,
        upTo,
        requestHeaders: plan("request", weighted.headers),
        responseHeaders: plan("response", weighted.headers),
        fault: weighted.fault ?? fault,
      };
    });
  }

  /** `pathEnd` is where the query begins. */
  matches(head: RequestHead, pathEnd: number, random: number): boolean {
    if (!this.#path.matches(head.pathBytes, head.pathStart, pathEnd)) return false;
    const conditions = this.#conditions;
    for (let i = 0; i < conditions.length; i += 1) {
      if (!(conditions[i] as Condition).matches(head, random)) return false;
    }
    return true;
  }

  /** Why `matches` says no, by the same predicates; undefined when it says yes. */
  explainMismatch(head: RequestHead, pathEnd: number, random: number): string | undefined {
    const { pathBytes, pathStart } = head;
    if (!this.#path.matches(pathBytes, pathStart, pathEnd)) {
      const path = quoted(latin1(pathBytes, pathStart, pathEnd));
      return `path is ${path}, wanted ${this.#path.wanted}`;
    }
    const failed = this.#conditions.find((condition) => !condition.matches(head, random));
    return failed?.explain(head, random);
  }
}

function compileConditions({ match }: Route): Condition[] {
  const conditions: Condition[] = [];
  if (match.runtimeFraction !== undefined) conditions.push(createFraction(match.runtimeFraction));
  if (match.grpcOnly) conditions.push(GRPC_ONLY);
  for (const matcher of match.headers) conditions.push(compileHeaderMatcher(matcher));
  for (const matcher of match.queryParameters) conditions.push(compileQueryMatcher(matcher));
  return conditions;
}

function createFraction({ numerator, denominator }: FractionalPercent): Condition {
  return {
    matches: (_head, random) => random % denominator < numerator,
    explain: (_head, random) =>
      `the request's dice show ${random % denominator}, wanted less than ${numerator} of ${denominator}`,
  };
}

const CONTENT_TYPE = headerName("content-type");
const GRPC = latin1Bytes("application/grpc");
const PLUS = 43;

/** application/grpc, or application/grpc+anything. */
const GRPC_ONLY: Condition = {
  matches(head) {
    const i = head.find(CONTENT_TYPE);
    if (i === -1) return false;
    const start = head.valueStart(i);
    const length = head.valueEnd(i) - start;
    const bytes = head.bytesAt(i);
    if (length < GRPC.length || !equalsAt(bytes, start, GRPC)) return false;
    return length === GRPC.length || bytes[start + GRPC.length] === PLUS;
  },
  explain: () => "the request is not gRPC",
};
