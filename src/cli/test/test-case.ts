// A test of a configuration: requests, and what is to become of each of them. The fields are those of istio-config-validator, and ours.
import type {
  Delegate,
  Headers,
  HTTPFaultInjection,
  HTTPRedirect,
  HTTPRewrite,
  HTTPRouteDestination,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { YamlPosition } from "#api/yaml.ts";
import type { FieldPath } from "#base/field-path.ts";

export interface TestCase {
  readonly file: string;
  readonly description: string;
  /** false: none of the expectations may hold. Default true. */
  readonly wantMatch: boolean;
  /** Whose proxy the requests go through: a workload, a gateway, "ns/NAMESPACE"; undefined: a client without labels. */
  readonly from: string | undefined;
  readonly request: TestRequest;
  readonly expected: Expected;
  /** Where the case, or a field of it, stands. */
  positionOf(path: FieldPath): YamlPosition;
}

/** Every combination of authority, method and uri is one request. */
export interface TestRequest {
  readonly authority: readonly string[];
  readonly method: readonly string[];
  /** Path with query. */
  readonly uri: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Default "http". */
  readonly scheme: "http" | "https";
  /** Which port of the service, or of the gateway, is called; default: the one of the authority, else its only one. */
  readonly port: number | undefined;
}

export interface ExpectedRetries {
  readonly attempts: number | undefined;
  readonly retryOn: string | undefined;
  readonly perTryTimeoutMs: number | undefined;
}

/** What a case says about each of its requests; what it does not say may be anything. */
export interface Expected {
  // istio-config-validator
  readonly route?: readonly HTTPRouteDestination[];
  readonly redirect?: HTTPRedirect;
  readonly rewrite?: HTTPRewrite;
  readonly fault?: HTTPFaultInjection;
  readonly headers?: Headers;
  readonly delegate?: Delegate;
  // ours
  /** Destination ("v1", "reviews.v1", a host) -> its share, in any unit. */
  readonly weights?: ReadonlyMap<string, number>;
  /** All of it goes to this subset. */
  readonly subset?: string;
  /** Addresses that may be picked, all of them. */
  readonly hosts?: readonly string[];
  /** What the proxy itself answers, always. */
  readonly status?: number;
  /** Path and query as the upstream sees them. */
  readonly path?: string;
  /** Of a redirect, whole. */
  readonly location?: string;
  /** 0: none. */
  readonly timeoutMs?: number;
  readonly retries?: ExpectedRetries;
  /** Destinations that get a copy. */
  readonly mirror?: readonly string[];
}

export type ExpectedField = keyof Expected;

/** The field of the file that an expectation stands in. */
export const FIELD_OF: Readonly<Record<ExpectedField, string>> = {
  route: "route",
  redirect: "redirect",
  rewrite: "rewrite",
  fault: "fault",
  headers: "headers",
  delegate: "delegate",
  weights: "weights",
  subset: "subset",
  hosts: "hosts",
  status: "status",
  path: "path",
  location: "location",
  timeoutMs: "timeout",
  retries: "retries",
  mirror: "mirror",
};

export interface TestProblem {
  readonly position: YamlPosition;
  readonly message: string;
}
