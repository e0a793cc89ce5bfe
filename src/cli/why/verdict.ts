// An explanation in a sentence: where requests go, how many of each hundred, and what keeps some from going.
import { formatDuration } from "#base/duration.ts";
import { clusterLabel } from "#explain/cluster-name.ts";
import type { Explanation, HostOdds, Origin, Outcome, Step } from "#explain/explain.ts";
import { percent } from "#explain/percent.ts";

/** `50 % reviews v1 (2 hosts), 50 % reviews v3 (1 host, 1 ejected); 10 % answered 500 before by the fault of …`. */
export function verdictOf({ outcomes, steps }: Explanation): string {
  const faults = outcomes.filter(isFault);
  const others = outcomes.filter((outcome) => !isFault(outcome));
  const rest = sum(others);
  const parts: string[] = [];
  if (others.length > 0) {
    const endings = grouped(others, endingKey).map(
      ({ outcome, odds }) => `${percent(odds / rest)} ${endingText(outcome, steps)}`,
    );
    parts.push(
      endings.length === 1 ? (endings[0] ?? "").replace(/^100 % /, "") : endings.join(", "),
    );
  }
  for (const { outcome, odds } of grouped(faults, faultKey)) {
    const before = others.length > 0 ? " before" : "";
    parts.push(`${percent(odds)} answered ${outcome.status}${before} by the ${cause(outcome)}`);
  }
  const delayed = outcomes.filter(({ delayMs }) => delayMs !== undefined);
  const [first] = delayed;
  if (first?.delayMs !== undefined) {
    parts.push(`${percent(sum(delayed))} held up for ${formatDuration(first.delayMs)}`);
  }
  return parts.join("; ");
}

const isFault = ({ kind, responseFlags }: Outcome): boolean =>
  kind === "reply" && (responseFlags ?? "").split(",").includes("FI");

const sum = (outcomes: readonly Outcome[]): number =>
  outcomes.reduce((total, { odds }) => total + odds, 0);

function cause({ origin }: Outcome): string {
  return origin === undefined ? "fault filter" : `fault of ${origin.object}${placeOf(origin)}`;
}

/** ` (mesh.yaml:31)` */
function placeOf({ source }: Origin): string {
  return source === undefined ? "" : ` (${source.file}:${source.line})`;
}

interface Group {
  readonly outcome: Outcome;
  readonly odds: number;
}

/** Outcomes that differ in their delay only are one to a reader of a sentence. */
const endingKey = ({ kind, status, cluster, location, because }: Outcome): string =>
  JSON.stringify([kind, status, cluster, location, because]);

/** Where the request would have gone is nothing to it. */
const faultKey = ({ status, origin }: Outcome): string => JSON.stringify([status, origin]);

function grouped(
  outcomes: readonly Outcome[],
  keyOf: (outcome: Outcome) => string,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const outcome of outcomes) {
    const key = keyOf(outcome);
    const odds = (groups.get(key)?.odds ?? 0) + outcome.odds;
    groups.set(key, { outcome, odds });
  }
  return [...groups.values()].sort((a, b) => b.odds - a.odds);
}

function endingText(outcome: Outcome, steps: readonly Step[]): string {
  const { kind, status, responseFlags, cluster, hosts, location, because } = outcome;
  switch (kind) {
    case "forward":
    case "tunnel":
      return `${clusterLabel(cluster ?? "")}${hostsText(hosts ?? [])}`;
    case "redirect":
      return `${status} to ${location}`;
    case "reply": {
      // That some are held up before is said apart.
      const flags = (responseFlags ?? "").replace(/^DI,?/, "");
      return `${[status, flags].join(" ").trimEnd()}: ${reason(because, steps)}`;
    }
    case "reset":
      return `connection refused or closed: ${because}`;
  }
}

/** A host that nobody knows is the reason behind many others. */
function reason(because: string, steps: readonly Step[]): string {
  const host = steps.find(({ title }) => title === "Virtual host");
  if (host === undefined || host.mark === "passed" || host.mark === "maybe") return because;
  return [host.detail, ...(host.facts ?? [])].join("; ");
}

function hostsText(hosts: readonly HostOdds[]): string {
  const used = hosts.filter(({ odds }) => odds > 0).length;
  const ejected = hosts.filter(({ health }) => health.includes("failed_outlier_check")).length;
  const unhealthy = hosts.length - used - ejected;
  const parts = [`${used} host${used === 1 ? "" : "s"}`];
  if (ejected > 0) parts.push(`${ejected} ejected`);
  if (unhealthy > 0) parts.push(`${unhealthy} not used`);
  return hosts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
