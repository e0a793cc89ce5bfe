// One request through a proxy's configuration, decided by the code that routes traffic: where it goes, why, and with which odds.
import { chooseEntrance } from "./choose-entrance.ts";
import { explainHttp } from "./explain-http.ts";
import { explainTcp } from "./explain-tcp.ts";
import type { ExplainedRequest, Explanation, Outcome } from "./explanation.ts";
import type { ProxyConfiguration } from "./proxy-configuration.ts";
import { readConfiguration } from "./read-configuration.ts";
import { refusedStep } from "./refused-step.ts";

export type {
  Entrance,
  ExplainedRequest,
  Explanation,
  HeaderChange,
  HostOdds,
  Origin,
  Outcome,
  Step,
  StepMark,
} from "./explanation.ts";

/** Never throws for a configuration that a proxy has accepted. What is read of it is kept as long as it is. */
export function explain(configuration: ProxyConfiguration, request: ExplainedRequest): Explanation {
  const { steps, outcomes } = decide(configuration, request);
  const refused = refusedStep(configuration);
  return {
    steps: refused === undefined ? steps : [refused, ...steps],
    outcomes: [...outcomes].sort(byOdds),
  };
}

function decide(configuration: ProxyConfiguration, request: ExplainedRequest): Explanation {
  const read = readConfiguration(configuration);
  const arrived = chooseEntrance(read, request);
  if (arrived.kind === "stopped") return { steps: arrived.steps, outcomes: [arrived.outcome] };
  const { filter } = arrived.chain;
  return filter.kind === "tcpProxy"
    ? explainTcp(read, filter.config, arrived)
    : explainHttp(read, filter.config, arrived, request);
}

const byOdds = (a: Outcome, b: Outcome): number => b.odds - a.odds;
