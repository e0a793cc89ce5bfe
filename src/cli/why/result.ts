// What `sampan why -o json` prints.
import type { ExplainedRequest, Explanation, Outcome, Step } from "#explain/explain.ts";

/** `why -o json`: who asks what, what happens to it in order, and every way that it may end. */
export interface WhyResult {
  /** The proxy whose configuration decided, or the file. */
  readonly from: string;
  readonly request: ExplainedRequest;
  readonly steps: readonly Step[];
  /** The likeliest first; their odds sum to 1. */
  readonly outcomes: readonly Outcome[];
}

export function whyResult(
  from: string,
  request: ExplainedRequest,
  { steps, outcomes }: Explanation,
): WhyResult {
  return { from, request, steps, outcomes };
}
