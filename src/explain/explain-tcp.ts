// A connection that a TCP proxy takes: it is passed on unread, so that no host, path or header plays a part.
import type { TcpProxyConfig } from "#proxy/config/listener-config.ts";
import { type Arrived, knownDestination } from "./choose-entrance.ts";
import { clusterLabel } from "./cluster-name.ts";
import { explainCluster } from "./explain-cluster.ts";
import type { Explanation, Outcome, Step } from "./explanation.ts";
import { optionalOrigin } from "./origin.ts";
import { percent } from "./percent.ts";
import type { ReadConfiguration } from "./read-configuration.ts";

export function explainTcp(
  read: ReadConfiguration,
  config: TcpProxyConfig,
  arrived: Arrived,
): Explanation {
  const total = config.clusters.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = config.clusters.filter(({ weight }) => weight > 0);
  if (chosen.length === 0) return unknownFilter(arrived);
  const steps: Step[] = [
    ...arrived.steps,
    {
      mark: chosen.length > 1 ? "maybe" : "passed",
      title: "TCP proxy",
      detail: "the connection is passed on as bytes: nothing of the request is looked at",
      ...(chosen.length > 1
        ? {
            facts: chosen.map(
              ({ name, weight }) => `${percent(weight / total)}  ${clusterLabel(name)}`,
            ),
          }
        : {}),
    },
  ];
  const destination = knownDestination(arrived);
  const outcomes = chosen.flatMap(({ name, weight }): Outcome[] => {
    const cluster = explainCluster(read, name, "default", destination);
    steps.push(...cluster.steps);
    const odds = weight / total;
    if (cluster.kind === "missing") {
      const { because } = cluster;
      return [{ odds, kind: "reset", because, responseFlags: "NC", cluster: name }];
    }
    const { hosts, nobodyOdds, subset, origin } = cluster;
    const endings: Outcome[] = [];
    if (nobodyOdds < 1) {
      endings.push({
        odds: odds * (1 - nobodyOdds),
        kind: "tunnel",
        because: "TCP proxy",
        cluster: name,
        ...(subset === undefined ? {} : { subset }),
        hosts,
        ...optionalOrigin(origin),
      });
    }
    if (nobodyOdds > 0) {
      const because = `no healthy host in ${clusterLabel(name)}`;
      endings.push({
        odds: odds * nobodyOdds,
        kind: "reset",
        because,
        responseFlags: "UH",
        cluster: name,
      });
    }
    return endings;
  });
  return { steps, outcomes };
}

/** Another network filter than those two, of an Envoy that has more of them. */
function unknownFilter({ steps }: Arrived): Explanation {
  const because =
    "the filter chain ends in no HTTP connection manager or TCP proxy that is known here";
  return {
    steps: [...steps, { mark: "stopped", title: "Network filter", detail: because }],
    outcomes: [{ odds: 1, kind: "reset", because }],
  };
}
