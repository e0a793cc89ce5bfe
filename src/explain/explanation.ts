// The answer to "why did this request go there": steps for people, outcomes with their odds for programs.

/** A request that was not sent, or not yet. */
export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** The Host: name with port, as the client writes it. */
  readonly authority: string;
  /** With its query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly entrance: Entrance;
}

/** By which door of the proxy it comes in. */
export type Entrance =
  /** The listener that serves as HTTP proxy (HTTP_PROXY=http://…:15001). */
  | { readonly kind: "httpProxy" }
  | { readonly kind: "listener"; readonly name: string }
  /** Where the client connects to; `host` may be a service's name. */
  | { readonly kind: "address"; readonly host: string; readonly port: number };

/** The object of the configuration that made something, and which part of it. */
export interface Origin {
  /** "VirtualService default/reviews" */
  readonly object: string;
  /** "spec.http[1]" */
  readonly field?: string;
  /** Filled in by whoever knows the files. */
  readonly source?: { readonly file: string; readonly line: number; readonly column: number };
}

export interface Explanation {
  /** What happens to the request, in order. */
  readonly steps: readonly Step[];
  /** Every way that it may end, the likeliest first. Their odds sum to 1. */
  readonly outcomes: readonly Outcome[];
}

/** "passed": the request goes on by this. "stopped": it ends here. "maybe": dice decide. "note": worth knowing. */
export type StepMark = "passed" | "stopped" | "maybe" | "note";

export interface Step {
  readonly mark: StepMark;
  /** "Listener", "Virtual host", "Route", … */
  readonly title: string;
  readonly detail: string;
  readonly origin?: Origin;
  /** What is in force here, in words: timeouts, rewrites, limits. */
  readonly facts?: readonly string[];
  /** What was looked at before, in order, and why it was not taken. */
  readonly tried?: readonly Tried[];
}

export interface Tried {
  readonly name: string;
  readonly why: string;
  readonly origin?: Origin;
}

export interface Outcome {
  /** 0 … 1. */
  readonly odds: number;
  /** "reply": the proxy answers by itself. "reset": the connection is refused or closed. "tunnel": bytes are passed on unread. */
  readonly kind: "forward" | "reply" | "redirect" | "reset" | "tunnel";
  /** One clause for people: why it ends so. */
  readonly because: string;
  /** What the proxy answers; absent when the upstream does. */
  readonly status?: number;
  /** "FI", "DI,FI", "UH", "NR", "NC", as %RESPONSE_FLAGS% in an access log. */
  readonly responseFlags?: string;
  /** Held up on purpose, before anything else. */
  readonly delayMs?: number;
  readonly cluster?: string;
  readonly subset?: string;
  readonly hosts?: readonly HostOdds[];
  /** Of the whole request; absent: none. */
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly retries?: RetryTerms;
  readonly rewrite?: { readonly authority?: string; readonly path?: string };
  /** Clusters that get a copy. */
  readonly mirrors?: readonly string[];
  /** Of a redirect. */
  readonly location?: string;
  readonly headers?: {
    readonly request: readonly HeaderChange[];
    readonly response: readonly HeaderChange[];
  };
  readonly origin?: Origin;
}

export interface RetryTerms {
  /** Besides the first attempt. */
  readonly attempts: number;
  /** Envoy's conditions, and status codes in digits: ["5xx"], ["retriable-status-codes", "503"]. */
  readonly on: readonly string[];
  readonly perTryTimeoutMs?: number;
}

export interface HeaderChange {
  readonly name: string;
  /** Absent: the field is removed. A format's operators (%REQ(…)%) stand as they are. */
  readonly value?: string;
}

export interface HostOdds {
  readonly address: string;
  /** Of a request that goes to this cluster: 0 … 1, all hosts sum to 1. */
  readonly odds: number;
  /** "healthy", or Envoy's words for what is wrong: "failed_outlier_check". */
  readonly health: string;
  /** The instance that it is, where the control plane says. */
  readonly workload?: string;
}
