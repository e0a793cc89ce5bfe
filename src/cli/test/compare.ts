// What a test expects against what the explanation says: for each expectation nothing, or one clause with both.
import type {
  HTTPRoute,
  HTTPRouteDestination,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { unreachable } from "#base/assert.ts";
import { formatDuration } from "#base/duration.ts";
import type { HeaderChange, Outcome } from "#explain/explain.ts";
import {
  type DestinationShare,
  destinationShares,
  isCalled,
  isHost,
  shortHost,
  showCluster,
} from "./destination-name.ts";
import type { Expected, ExpectedField } from "./test-case.ts";

/** What is known of one request. */
export interface Evaluated {
  /** With all that may befall it. */
  readonly outcomes: readonly Outcome[];
  /** The same as if no fault were injected: where it goes when it goes. */
  readonly calm: readonly Outcome[];
  readonly uri: string;
  /** Where names without a domain are looked for: the client's, and that of the VirtualService. */
  readonly namespaces: readonly [string, ...string[]];
  /** The http route as its author wrote it, where that is known. */
  readonly spec: HTTPRoute | undefined;
  /** The VirtualServices that it comes from: "namespace/name". */
  readonly virtualServices: readonly string[];
}

/** Shares are rounded by nobody, percentages in configuration are: a ten-thousandth is the finest there is. */
const TOLERANCE = 0.0001 + 1e-9;

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;
const list = (items: readonly string[]): string => (items.length === 0 ? "none" : items.join(", "));
const mismatch = (wanted: string, got: string): string => `expected ${wanted}, but got ${got}`;

/** undefined: as expected. */
export function compare(
  field: ExpectedField,
  expected: Expected,
  got: Evaluated,
): string | undefined {
  switch (field) {
    case "route":
      return compareRoute(expected.route ?? [], got);
    case "weights":
      return compareWeights(expected.weights ?? new Map(), got);
    case "subset":
      return compareSubset(expected.subset ?? "", got);
    case "redirect":
      return compareRedirect(expected.redirect, got);
    case "rewrite":
      return compareRewrite(expected.rewrite, got);
    case "fault":
      return compareFault(expected.fault, got);
    case "headers":
      return compareHeaders(expected.headers, got);
    case "delegate":
      return compareDelegate(expected.delegate, got);
    case "hosts":
      return compareHosts(expected.hosts ?? [], got);
    case "status":
      return compareStatus(expected.status ?? 0, got);
    case "path":
      return compareEach("path", expected.path ?? "", got, (one) => one.rewrite?.path ?? got.uri);
    case "location":
      return compareLocation(expected.location ?? "", got);
    case "timeoutMs":
      return compareTimeout(expected.timeoutMs ?? 0, got);
    case "retries":
      return compareRetries(expected.retries, got);
    case "mirror":
      return compareMirror(expected.mirror ?? [], got);
  }
  return unreachable(field);
}

/** "50 % reviews v1, 50 % reviews v3"; or what happens instead of going anywhere. */
export function showOutcomes(outcomes: readonly Outcome[], namespace: string): string {
  const shown = outcomes.map((outcome) => {
    const { kind, status, location, cluster } = outcome;
    const where = cluster === undefined ? undefined : showCluster(cluster, namespace);
    if (kind === "forward")
      return { text: where ?? "a cluster without a name", odds: outcome.odds };
    const what =
      kind === "redirect"
        ? `a redirect ${status} to ${location}`
        : `${kind === "reply" ? "the proxy's own" : kind} ${status ?? ""}`;
    const why = where === undefined ? outcome.because : `${where}: ${outcome.because}`;
    return { text: `${what.trim()} (${why})`, odds: outcome.odds };
  });
  const odds = new Map<string, number>();
  for (const one of shown) odds.set(one.text, (odds.get(one.text) ?? 0) + one.odds);
  if (odds.size === 1) return [...odds.keys()].join("");
  return [...odds].map(([text, share]) => `${percent(share)} ${text}`).join(", ");
}

const showCalm = ({ calm, namespaces }: Evaluated): string => showOutcomes(calm, namespaces[0]);

function isDestination(
  { destination }: HTTPRouteDestination,
  { name }: DestinationShare,
  namespaces: readonly string[],
): boolean {
  if (name === undefined || destination === undefined) return false;
  const port = destination.port?.number ?? 0;
  if (port !== 0 && port !== name.port) return false;
  return destination.subset === name.subset && isHost(destination.host, name.hostname, namespaces);
}

function showDestinations(route: readonly HTTPRouteDestination[], total: number): string {
  const shown = route.map(({ destination, weight }) => {
    const { host = "", subset = "", port } = destination ?? {};
    const name = `${shortHost(host, "default")}${subset === "" ? "" : ` ${subset}`}${port === undefined ? "" : ` port ${port.number}`}`;
    return total === 0 ? name : `${percent(weight / total)} ${name}`;
  });
  return `${route.length === 1 ? "destination" : "destinations"} ${list(shown)}`;
}

/** Weights count where the author gives any; without them only where requests go, not how many. */
function compareRoute(route: readonly HTTPRouteDestination[], got: Evaluated): string | undefined {
  const total = route.reduce((sum, { weight }) => sum + weight, 0);
  const wrong = (): string => mismatch(showDestinations(route, total), showCalm(got));
  const shares = destinationShares(got.calm);
  if (shares.length === 0) return route.length === 0 ? undefined : wrong();
  const isOneOf = (share: DestinationShare): boolean =>
    route.some((one) => isDestination(one, share, got.namespaces));
  if (!shares.every(isOneOf)) return wrong();
  for (const one of route) {
    const found = shares.filter((share) => isDestination(one, share, got.namespaces));
    if (total === 0 && found.length === 0) return wrong();
    const share = found.reduce((sum, { share: part }) => sum + part, 0);
    const same = route.filter((other) =>
      found.some((share) => isDestination(other, share, got.namespaces)),
    );
    const wanted = same.reduce((sum, { weight }) => sum + weight, 0) / total;
    const ofOne = one.weight === 0 && found.length === 0 ? 0 : wanted;
    if (total > 0 && Math.abs(share - ofOne) > TOLERANCE) return wrong();
  }
  return undefined;
}

function compareWeights(weights: ReadonlyMap<string, number>, got: Evaluated): string | undefined {
  const total = [...weights.values()].reduce((sum, one) => sum + one, 0);
  const shares = destinationShares(got.calm);
  const wanted = [...weights].map(([word, weight]) => `${percent(weight / total)} ${word}`);
  const wrong = (): string => mismatch(list(wanted), showCalm(got));
  if (total === 0) return shares.length === 0 ? undefined : wrong();
  let listed = 0;
  for (const [word, weight] of weights) {
    const share = shares
      .filter((one) => isCalled(word, one, got.namespaces))
      .reduce((sum, one) => sum + one.share, 0);
    if (Math.abs(share - weight / total) > TOLERANCE) return wrong();
    listed += share;
  }
  return shares.length > 0 && listed > 1 - TOLERANCE ? undefined : wrong();
}

function compareSubset(subset: string, got: Evaluated): string | undefined {
  const shares = destinationShares(got.calm);
  const isAll = shares.length > 0 && shares.every(({ name }) => name?.subset === subset);
  return isAll ? undefined : mismatch(`subset ${subset === "" ? "none" : subset}`, showCalm(got));
}

const forwardsOf = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ kind }) => kind === "forward");

function compareEach(
  what: string,
  wanted: string,
  got: Evaluated,
  read: (outcome: Outcome) => string,
): string | undefined {
  const forwards = forwardsOf(got.calm);
  if (forwards.length === 0) return mismatch(`${what} ${wanted}`, showCalm(got));
  const values = [...new Set(forwards.map(read))];
  return values.length === 1 && values[0] === wanted
    ? undefined
    : mismatch(`${what} ${wanted}`, list(values));
}

const redirectOf = ({ calm }: Evaluated): Outcome | undefined =>
  calm.length === 1 && calm[0]?.kind === "redirect" ? calm[0] : undefined;

function compareLocation(location: string, got: Evaluated): string | undefined {
  const redirect = redirectOf(got);
  if (redirect === undefined) return mismatch(`a redirect to ${location}`, showCalm(got));
  return redirect.location === location
    ? undefined
    : mismatch(`location ${location}`, redirect.location ?? "none");
}

/** Each part that the test names: as the author wrote it, or as it comes out. */
function compareRedirect(expected: Expected["redirect"], got: Evaluated): string | undefined {
  if (expected === undefined) return undefined;
  const redirect = redirectOf(got);
  const { uri, authority, redirectCode, scheme } = expected;
  const parts = Object.entries({ uri, authority, scheme, redirectCode }).filter(
    ([, value]) => value !== "" && value !== 0,
  );
  const wanted = `a redirect with ${list(parts.map(([name, value]) => `${name} ${value}`))}`;
  if (redirect === undefined) return mismatch(wanted, showCalm(got));
  const url = /^([a-z]+):\/\/([^/?#]*)([^?#]*)/.exec(redirect.location ?? "");
  const written = got.spec?.redirect;
  const isRight =
    (uri === "" || uri === url?.[3] || uri === written?.uri) &&
    (authority === "" || authority === url?.[2] || authority === written?.authority) &&
    (scheme === "" || scheme === url?.[1]) &&
    (redirectCode === 0 || redirectCode === redirect.status);
  return isRight ? undefined : mismatch(wanted, showCalm(got));
}

function compareRewrite(expected: Expected["rewrite"], got: Evaluated): string | undefined {
  if (expected === undefined) return undefined;
  const { uri, authority, uriRegexRewrite } = expected;
  const wanted = list([
    ...(uri === "" ? [] : [`uri ${uri}`]),
    ...(authority === "" ? [] : [`authority ${authority}`]),
    ...(uriRegexRewrite === undefined ? [] : [`uriRegexRewrite ${uriRegexRewrite.match}`]),
  ]);
  const forwards = forwardsOf(got.calm);
  const written = got.spec?.rewrite;
  const shown = forwards.map(({ rewrite }) =>
    rewrite === undefined
      ? "none"
      : list(Object.entries(rewrite).map(([name, value]) => `${name} ${value}`)),
  );
  const isRight = forwards.every(({ rewrite }) => {
    const isUri =
      written === undefined
        ? rewrite?.path?.startsWith(uri) === true
        : uri === written.uri || uri === rewrite?.path;
    return (
      (uri === "" || isUri) &&
      (authority === "" || authority === rewrite?.authority) &&
      (uriRegexRewrite === undefined ||
        (uriRegexRewrite.match === written?.uriRegexRewrite?.match &&
          uriRegexRewrite.rewrite === written.uriRegexRewrite.rewrite))
    );
  });
  if (forwards.length === 0) return mismatch(`a rewrite to ${wanted}`, showCalm(got));
  return isRight ? undefined : mismatch(`a rewrite to ${wanted}`, [...new Set(shown)].join(" or "));
}

/** Percentages of a fault: of all requests. Istio's default of a percentage that is not there is all. */
function compareFault(expected: Expected["fault"], got: Evaluated): string | undefined {
  const { abort, delay } = expected ?? {};
  if (abort !== undefined) {
    const wanted = (abort.percentage?.value ?? 100) / 100;
    const status = abort.errorType.case === "httpStatus" ? abort.errorType.value : undefined;
    const aborted = got.outcomes.filter((one) =>
      (one.responseFlags ?? "").split(",").includes("FI"),
    );
    const share = aborted.reduce((sum, { odds }) => sum + odds, 0);
    const isStatus = status === undefined || aborted.every((one) => one.status === status);
    if (Math.abs(share - wanted) > TOLERANCE || !isStatus) {
      const seen =
        aborted.length === 0
          ? "no abort"
          : `${percent(share)} aborted with ${list([...new Set(aborted.map((one) => String(one.status)))])}`;
      return mismatch(`${percent(wanted)} aborted with ${status ?? "any status"}`, seen);
    }
  }
  if (delay === undefined) return undefined;
  const wantedMs =
    delay.httpDelayType.case === "fixedDelay" ? durationMs(delay.httpDelayType.value) : undefined;
  const wanted = (delay.percentage?.value ?? 100) / 100;
  const delayed = got.outcomes.filter(({ delayMs = 0 }) => delayMs > 0);
  const share = delayed.reduce((sum, { odds }) => sum + odds, 0);
  const isDelay = wantedMs === undefined || delayed.every(({ delayMs }) => delayMs === wantedMs);
  if (Math.abs(share - wanted) <= TOLERANCE && isDelay) return undefined;
  const seen =
    delayed.length === 0
      ? "no delay"
      : `${percent(share)} delayed by ${list([...new Set(delayed.map(({ delayMs = 0 }) => formatDuration(delayMs)))])}`;
  return mismatch(
    `${percent(wanted)} delayed${wantedMs === undefined ? "" : ` by ${formatDuration(wantedMs)}`}`,
    seen,
  );
}

const durationMs = ({ seconds, nanos }: { seconds: bigint; nanos: number }): number =>
  Number(seconds) * 1000 + nanos / 1_000_000;

function compareHeaders(expected: Expected["headers"], got: Evaluated): string | undefined {
  const outcomes = got.calm.filter(({ kind }) => kind === "forward" || kind === "redirect");
  for (const side of ["request", "response"] as const) {
    const operations = expected?.[side];
    if (operations === undefined) continue;
    const isDone = (fits: (change: HeaderChange) => boolean): boolean =>
      outcomes.length > 0 && outcomes.every((one) => (one.headers?.[side] ?? []).some(fits));
    const seen = (): string =>
      list([...new Set(outcomes.flatMap((one) => (one.headers?.[side] ?? []).map(showChange)))]);
    for (const [name, value] of Object.entries({ ...operations.set, ...operations.add })) {
      if (isDone((change) => isNamed(change, name) && change.value === value)) continue;
      return mismatch(`${side} header ${name}: ${value}`, seen());
    }
    for (const name of operations.remove) {
      if (isDone((change) => isNamed(change, name) && change.value === undefined)) continue;
      return mismatch(`${side} header ${name} removed`, seen());
    }
  }
  return undefined;
}

const isNamed = (change: HeaderChange, name: string): boolean =>
  change.name.toLowerCase() === name.toLowerCase();

const showChange = ({ name, value }: HeaderChange): string =>
  value === undefined ? `${name} removed` : `${name}: ${value}`;

function compareDelegate(expected: Expected["delegate"], got: Evaluated): string | undefined {
  const { name = "", namespace = "" } = expected ?? {};
  const isRight = got.virtualServices.some(
    (one) => one.endsWith(`/${name}`) && (namespace === "" || one === `${namespace}/${name}`),
  );
  const wanted = `delegate ${namespace === "" ? "" : `${namespace}/`}${name}`;
  return isRight
    ? undefined
    : mismatch(
        wanted,
        got.virtualServices.length === 0
          ? "no VirtualService"
          : `a route of VirtualService ${list(got.virtualServices)}`,
      );
}

/** An expected host may leave its port out. */
function compareHosts(expected: readonly string[], got: Evaluated): string | undefined {
  const all = forwardsOf(got.calm).flatMap(({ hosts = [] }) => hosts);
  const seen = [
    ...new Set(all.filter(({ odds }) => odds > 0).map(({ address }) => address)),
  ].sort();
  const isThe = (address: string, word: string): boolean =>
    address === word || address.replace(/:\d+$/, "") === word;
  const isRight =
    seen.every((address) => expected.some((word) => isThe(address, word))) &&
    expected.every((word) => seen.some((address) => isThe(address, word)));
  return isRight
    ? undefined
    : mismatch(`hosts ${list(expected)}`, seen.length === 0 ? showCalm(got) : list(seen));
}

function compareStatus(status: number, got: Evaluated): string | undefined {
  const isAlways = got.outcomes.length > 0 && got.outcomes.every((one) => one.status === status);
  return isAlways
    ? undefined
    : mismatch(`the proxy to answer ${status}`, showOutcomes(got.outcomes, got.namespaces[0]));
}

function compareTimeout(timeoutMs: number, got: Evaluated): string | undefined {
  const show = (ms: number): string => (ms === 0 ? "none" : formatDuration(ms));
  return compareEach("timeout", show(timeoutMs), got, (one) => show(one.timeoutMs ?? 0));
}

function compareRetries(expected: Expected["retries"], got: Evaluated): string | undefined {
  const { attempts, retryOn, perTryTimeoutMs } = expected ?? {};
  const forwards = forwardsOf(got.calm);
  if (forwards.length === 0) return mismatch("retries", showCalm(got));
  for (const { retries } of forwards) {
    const seen = retries?.attempts ?? 0;
    if (attempts !== undefined && attempts !== seen)
      return mismatch(`${attempts} retries`, String(seen));
    const on = retries?.on ?? [];
    const missing = (retryOn ?? "")
      .split(",")
      .find((word) => word !== "" && !on.includes(word.trim()));
    if (missing !== undefined) return mismatch(`retries on ${missing}`, list(on));
    const perTry = retries?.perTryTimeoutMs;
    if (perTryTimeoutMs !== undefined && perTryTimeoutMs !== perTry) {
      return mismatch(
        `a timeout of ${formatDuration(perTryTimeoutMs)} for each try`,
        perTry === undefined ? "none" : formatDuration(perTry),
      );
    }
  }
  return undefined;
}

function compareMirror(expected: readonly string[], got: Evaluated): string | undefined {
  const seen = [...new Set(forwardsOf(got.calm).flatMap(({ mirrors = [] }) => mirrors))];
  const names = destinationShares(
    seen.map((cluster) => ({ odds: 1, kind: "forward", because: "", cluster })),
  );
  const isRight =
    names.every((name) => expected.some((word) => isCalled(word, name, got.namespaces))) &&
    expected.every((word) => names.some((name) => isCalled(word, name, got.namespaces)));
  return isRight
    ? undefined
    : mismatch(
        `a copy to ${list(expected)}`,
        list(seen.map((cluster) => showCluster(cluster, got.namespaces[0]))),
      );
}
