// The routes of a virtual host as one step: which takes the request, why those before it do not, and what never gets a turn.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { CompiledRoute } from "#proxy/route/route-entry.ts";
import type { CompiledHost } from "#proxy/route/route-table.ts";
import { clusterLabel } from "./cluster-name.ts";
import { forwardFacts } from "./endings.ts";
import type { Step, Tried } from "./explanation.ts";
import { covers, matchesEverything, matchText } from "./match-text.ts";
import { optionalOrigin, originOf } from "./origin.ts";
import { percent } from "./percent.ts";
import { choiceShares, type RouteShare } from "./route-shares.ts";

/** More routes than that are only counted: a person reads the last ones, next to the one that matched. */
const MAX_TRIED = 12;

export function routeStep(
  { routes }: CompiledHost,
  shares: readonly RouteShare[],
  head: RequestHead,
  pathEnd: number,
): Step {
  const main = shares.reduce((best, share) => (share.odds > best.odds ? share : best));
  const { index, route } = main;
  const tried = triedBefore(routes, shares, index ?? routes.length, head, pathEnd);
  const left = tried.length > MAX_TRIED ? `${tried.length - MAX_TRIED} more before these` : "";
  const facts = [
    ...(left === "" ? [] : [left]),
    ...(shares.length > 1 ? divided(shares, routes, head) : destinations(main, head)),
    ...(route?.route.action.kind === "forward" ? forwardFacts(route, route.route.action) : []),
    ...never(routes, index, head, pathEnd),
  ];
  const isDivided = shares.length > 1 || choiceShares(main, head).length > 1;
  return {
    mark: route === undefined ? "stopped" : isDivided ? "maybe" : "passed",
    title: "Route",
    detail: detailOf(main, routes.length),
    ...(route === undefined ? {} : optionalOrigin(originOf(route.route.metadata))),
    ...(facts.length === 0 ? {} : { facts }),
    ...(tried.length === 0 ? {} : { tried: tried.slice(-MAX_TRIED) }),
  };
}

function detailOf({ route, index }: RouteShare, count: number): string {
  if (route === undefined || index === undefined) {
    return count === 0 ? "the virtual host has no routes" : "none matches";
  }
  return `${nameOf(route, index)}: ${matchText(route.route.match)}`;
}

const nameOf = ({ route }: CompiledRoute, index: number): string =>
  route.name === "" ? `#${index + 1}` : `#${index + 1} ${route.name}`;

function triedBefore(
  routes: readonly CompiledRoute[],
  shares: readonly RouteShare[],
  end: number,
  head: RequestHead,
  pathEnd: number,
): Tried[] {
  const random = shares.find(({ index }) => (index ?? routes.length) === end)?.random ?? 0;
  return routes.slice(0, end).map((route, index) => {
    const share = shares.find((one) => one.index === index);
    const why =
      share === undefined
        ? (route.explainMismatch(head, pathEnd, random) ?? "")
        : `takes ${percent(share.odds)} of such requests`;
    return { name: nameOf(route, index), why, ...optionalOrigin(originOf(route.route.metadata)) };
  });
}

function divided(
  shares: readonly RouteShare[],
  routes: readonly CompiledRoute[],
  head: RequestHead,
): string[] {
  return shares.map((share) => {
    const { index, odds } = share;
    const route = index === undefined ? undefined : routes[index];
    const name = index === undefined || route === undefined ? "no route" : nameOf(route, index);
    return [`${percent(odds)} take ${name}`, ...destinations(share, head)].join(", ");
  });
}

function destinations(share: RouteShare, head: RequestHead): string[] {
  const choices = choiceShares(share, head);
  if (share.route?.route.action.kind !== "forward") return [];
  return choices.map(({ choice, odds }) => {
    const label = choice === undefined ? "no cluster" : clusterLabel(choice.name);
    return choices.length === 1 ? `to ${label}` : `${percent(odds)} to ${label}`;
  });
}

/** Routes further down that this request would match, too, and those that no request ever reaches. */
function never(
  routes: readonly CompiledRoute[],
  matched: number | undefined,
  head: RequestHead,
  pathEnd: number,
): string[] {
  const facts: string[] = [];
  for (const [index, route] of routes.entries()) {
    const before = routes.slice(0, index);
    const shadow = before.findIndex((other) => covers(other.route.match, route.route.match));
    if (shadow !== -1) {
      const by = nameOf(routes[shadow] as CompiledRoute, shadow);
      facts.push(`${nameOf(route, index)} can never match: ${by} takes all that it would`);
    } else if (
      matched !== undefined &&
      index > matched &&
      // One for every request is meant to come last, for all the others.
      !matchesEverything(route.route.match) &&
      route.matches(head, pathEnd, 0)
    ) {
      facts.push(`${nameOf(route, index)} would match, too, but comes later`);
    }
  }
  return facts.length <= MAX_TRIED
    ? facts
    : [...facts.slice(0, MAX_TRIED), `… and ${facts.length - MAX_TRIED} more like that`];
}
