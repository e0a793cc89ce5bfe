// The way of a request through a proxy's own configuration, step by step as `why` explains it: where does it end early?
import type { Explanation, Origin, Outcome, Step } from "#explain/explain.ts";
import { parseOutboundCluster } from "#pilot/translate/names.ts";
import { showCluster } from "../client/destination-name.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { counted, type Finding, note, ok, wrong } from "./finding.ts";
import type { PilotPages } from "./pages.ts";
import { awayProxy } from "./proxy-checks.ts";

const placeOf = ({ object, field, source }: Origin): string => {
  const at = source === undefined ? "" : ` (${source.file}:${source.line})`;
  return `${object}${field === undefined ? "" : ` ${field}`}${at}`;
};

const by = (origin: Origin | undefined): string =>
  origin === undefined ? "" : `, by ${placeOf(origin)}`;

/** Everything up to the hosts; the first wrong one is the last. */
export function* checkPath(explanation: Explanation, pages: PilotPages): Generator<Finding> {
  const routeOrigin = explanation.steps.findLast(({ title }) => title === "Route")?.origin;
  for (const step of explanation.steps) {
    const { title, mark, detail, origin } = step;
    if (title === "Fault") yield faultFinding(step);
    else if (title === "Cluster" && mark === "stopped") yield missingCluster(step, routeOrigin);
    else if (title === "Hosts") yield hostFinding(step, explanation, pages);
    else if (mark === "stopped") yield stopped(step, explanation);
    else if (mark === "note") yield note(`${title}: ${detail}`);
    else yield ok(`${title}: ${detail}${by(origin)}`);
  }
}

function stopped({ title, detail, origin }: Step, { outcomes }: Explanation): Finding {
  const status = outcomes.find(({ kind }) => kind === "reply")?.status;
  const answer = status === undefined ? "" : ` (the proxy answers ${status})`;
  return wrong(
    `${title}: ${detail}${answer}${by(origin)}`,
    "What was tried, and why it did not match: sampan why, with the same --from",
  );
}

function faultFinding({ detail, origin }: Step): Finding {
  const place = origin === undefined ? "the fault" : placeOf(origin);
  return wrong(
    `A fault is in the way: ${detail}${by(origin)}`,
    `Remove ${place}, if it is not meant`,
  );
}

function missingCluster({ detail, facts = [] }: Step, origin: Origin | undefined): Finding {
  const reason = facts[0] === undefined ? "" : `: ${facts[0]}`;
  const whose = origin === undefined ? "the route" : placeOf(origin);
  return wrong(
    `Cluster: ${whose} leads to ${detail.replace(" does not", ", which does not")}${reason}`,
    "Correct the host or the subset there, or declare it: sampan analyze names the nearest one",
  );
}

const isOf = (outcome: Outcome, { detail }: Step, namespace: string): boolean =>
  outcome.cluster !== undefined && detail.startsWith(showCluster(outcome.cluster, namespace));

function hostFinding(step: Step, { outcomes }: Explanation, pages: PilotPages): Finding {
  const outcome = outcomes.find((one) => isOf(one, step, "default")) ?? outcomes[0];
  const hosts = outcome?.hosts ?? [];
  if (step.mark === "stopped" && hosts.length === 0) return nobody(step, outcome, pages);
  const ejected = hosts.filter(({ health }) => health.includes("failed_outlier_check"));
  const bad = hosts.filter(({ health }) => health !== "healthy");
  if (hosts.length > 0 && ejected.length === hosts.length) {
    return wrong(
      `Hosts: all ${hosts.length} are ejected by outlier detection: ${ejected.map(({ address }) => address).join(", ")}`,
      "They come back after baseEjectionTime if they serve again; why they failed stands in their logs: sampan logs",
    );
  }
  if (hosts.length > 0 && bad.length === hosts.length) {
    return wrong(
      `Hosts: none of ${hosts.length} is healthy: ${bad.map(({ address, health }) => `${address} ${health}`).join(", ")}`,
      "Look at the instances: sampan status, sampan logs",
    );
  }
  if (bad.length > 0) {
    const list = bad.map(({ address, health }) => `${address} ${health}`).join(", ");
    return note(`Hosts: ${step.detail}; not in use: ${list}`);
  }
  return ok(`Hosts: ${step.detail}`);
}

/** No host at all: nothing is registered, nothing is healthy, or the subset's labels are nobody's. */
function nobody({ detail }: Step, outcome: Outcome | undefined, pages: PilotPages): Finding {
  const name = parseOutboundCluster(outcome?.cluster ?? "");
  const service = pages.services.find(({ hostname }) => hostname === name?.hostname);
  const endpoints = service?.ports.find(({ number }) => number === name?.port)?.endpoints ?? [];
  if (name === undefined || service === undefined) {
    return wrong(`Hosts: ${detail}`, "Is there an instance of it? sampan status");
  }
  const short = shortServiceName(service.hostname);
  if (endpoints.length === 0) {
    return wrong(
      `Hosts: no instance of ${short} is registered`,
      `Its selector or endpoints stand in ${service.source.file}:${service.source.line}; do labels of a WorkloadGroup fit, and does an instance run?`,
    );
  }
  const healthy = endpoints.filter(({ health }) => health === "healthy");
  if (healthy.length === 0) {
    // Whoever supervises an instance says that it is not healthy when its sidecar is not.
    const away = endpoints.find(
      ({ workload }) =>
        workload.name !== "" && !pages.proxies.some((one) => one.name === workload.name),
    );
    if (away !== undefined) return awayProxy(away.workload.name);
    const names = endpoints.map(({ workload, address }) => workload?.name ?? address);
    return wrong(
      `Hosts: none of ${counted(endpoints.length, "instance")} of ${short} is healthy: ${names.join(", ")}`,
      `Its program is down, or does not answer its probe: sampan logs ${names[0]}`,
    );
  }
  const labels = healthy.map((one) =>
    Object.entries(one.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  );
  return wrong(
    `Hosts: no healthy instance has the labels of subset ${name.subset} of ${short}`,
    `Correct the labels in its DestinationRule; the instances have ${[...new Set(labels)].join(" or ")}`,
  );
}

/** The routes of a virtual host that exists for nobody in particular. */
export function isCatchAll({ steps }: Explanation): boolean {
  return steps.some(
    ({ title, detail }) => title === "Virtual host" && /^(?:allow_any|block_all)\b/.test(detail),
  );
}

/** Warnings of the configuration that speak of this service. */
export function problemsAbout(
  pages: PilotPages,
  hostname: string,
  severity: "error" | "warning",
): readonly string[] {
  const name = shortServiceName(hostname).split(".")[0] ?? hostname;
  return pages.problems
    .filter((problem) => problem.severity === severity)
    .map(({ text }) => text)
    .filter((text) => new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`).test(text));
}
