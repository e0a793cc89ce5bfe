// Which of a route's clusters a request goes to.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ClusterChoice, RouteEntry } from "./route-entry.ts";

/**
 * The choice for a request; `random` is the stream's one u32. undefined when the entry forwards nothing, and when the header that
 * should name the cluster is missing or empty: there is no such cluster then (503 NC, or what cluster_not_found_response_code says).
 */
export function pickCluster(
  entry: RouteEntry,
  random: number,
  head: RequestHead,
): ClusterChoice | undefined {
  const { action } = entry.route;
  if (action.kind !== "forward") return undefined;
  const { cluster } = action;
  switch (cluster.kind) {
    case "cluster":
      return entry.choices[0];
    case "weighted":
      return pickWeighted(entry.choices, random % cluster.totalWeight);
    case "header": {
      const name = cluster.name.text === ":authority" ? head.authority() : head.value(cluster.name);
      if (name === undefined || name === "") return undefined;
      const { requestHeaders, responseHeaders, fault } = entry;
      return { name, weighted: undefined, upTo: 1, requestHeaders, responseHeaders, fault };
    }
  }
}

/** Half-open intervals in order: 80 and 20 are [0, 80) and [80, 100). */
function pickWeighted(
  choices: readonly ClusterChoice[],
  selected: number,
): ClusterChoice | undefined {
  for (let i = 0; i < choices.length; i += 1) {
    const choice = choices[i] as ClusterChoice;
    if (selected < choice.upTo) return choice;
  }
  return undefined;
}
