// Random http routes of a VirtualService: every kind of match, action and policy that the translation knows, valid always.
import type { Dice } from "./dice.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What routes may speak of. */
export interface Surroundings {
  /** Host names as the author writes them: in full, or short where that means the same. */
  readonly destinations: readonly { readonly host: string; readonly subsets: readonly string[] }[];
  readonly ports: readonly number[];
  /** Roots may hand over to these. */
  readonly delegates: readonly Json[];
  /** Faults and timeouts run in real time against an Envoy: then they are short. */
  readonly isQuick: boolean;
}

export const PATHS: readonly string[] = [
  "/",
  "/api",
  "/api/v1/items",
  "/api/v2/items?debug=1",
  "/API/v1",
  "/reviews/7",
  "/reviews/7?user=jason&debug=2",
  "/static/a.css",
  "/old/page",
  "/apiary",
];
export const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["end-user", "jason"],
  ["end-user", "janet"],
  ["x-version", "v2-beta"],
  ["x-group", "blue"],
  ["cookie", "session=1; group=canary"],
];
export const METHODS: readonly string[] = ["GET", "POST", "PUT", "DELETE"];

const URIS: readonly Json[] = [
  { exact: "/api" },
  { exact: "/reviews/7" },
  { prefix: "/api" },
  { prefix: "/api/" },
  { prefix: "/reviews" },
  { prefix: "/" },
  { regex: "/api/v[0-9]+/.*" },
  { regex: "/(old|static)/.*" },
];
const HEADER_MATCHES: readonly Json[] = [
  { "end-user": { exact: "jason" } },
  { "end-user": { prefix: "ja" } },
  { "x-version": { regex: "v[0-9]-.*" } },
  { "x-group": { exact: "blue" } },
  { "x-group": {} },
  { cookie: { regex: ".*group=canary.*" } },
];
const QUERY_MATCHES: readonly Json[] = [
  { debug: { exact: "1" } },
  { debug: { regex: "[0-9]+" } },
  { user: { prefix: "ja" } },
];

function matchOf(dice: Dice, around: Surroundings): Json {
  const match = {
    ...dice.maybe(0.6, () => ({ uri: dice.pick(URIS) })),
    ...dice.maybe(0.3, () => ({ headers: dice.pick(HEADER_MATCHES) })),
    ...dice.maybe(0.1, () => ({ withoutHeaders: dice.pick(HEADER_MATCHES) })),
    ...dice.maybe(0.2, () => ({ method: { exact: dice.pick(METHODS) } })),
    ...dice.maybe(0.15, () => ({ queryParams: dice.pick(QUERY_MATCHES) })),
    ...dice.maybe(0.1, () => ({ port: dice.pick(around.ports) })),
    ...dice.maybe(0.15, () => ({ sourceLabels: { app: dice.pick(["client", "other"]) } })),
    ...dice.maybe(0.1, () => ({ ignoreUriCase: true })),
    ...dice.maybe(0.05, () => ({ sourceNamespace: dice.pick(["default", "shop"]) })),
  };
  return Object.keys(match).length > 0 ? match : { uri: dice.pick(URIS) };
}

function headersOf(dice: Dice): Json {
  const operations = (): Json => ({
    ...dice.maybe(0.5, () => ({ set: { "x-set": `s${dice.between(1, 9)}` } })),
    ...dice.maybe(0.4, () => ({ add: { "x-added": `a${dice.between(1, 9)}` } })),
    ...dice.maybe(0.3, () => ({ remove: [dice.pick(["x-group", "x-version"])] })),
  });
  return { request: operations(), ...dice.maybe(0.5, () => ({ response: operations() })) };
}

/** Whole percents that sum to 100 over one to three destinations, or to anything: Istio takes proportions. */
function destinationsOf(dice: Dice, around: Surroundings): Json[] {
  const count = dice.pick([1, 1, 2, 2, 3]);
  return Array.from({ length: count }, () => {
    const { host, subsets } = dice.pick(around.destinations);
    return {
      destination: { host, ...dice.maybe(0.7, () => ({ subset: dice.pick(subsets) })) },
      ...(count === 1 ? {} : { weight: dice.between(1, 60) }),
      ...dice.maybe(0.15, () => ({ headers: headersOf(dice) })),
    };
  });
}

const percentage = (dice: Dice): Json => ({ value: dice.pick([100, 50, 25, 10, 0.5, 33.3]) });

function faultOf(dice: Dice, around: Surroundings): Json {
  const fixedDelay = `${around.isQuick ? dice.pick([40, 90]) : dice.pick([250, 2000])}ms`;
  const delay = () => ({ delay: { percentage: percentage(dice), fixedDelay } });
  const abort = () => ({
    abort: { percentage: percentage(dice), httpStatus: dice.pick([500, 503, 418]) },
  });
  const kind = dice.between(1, 3);
  return { ...(kind !== 2 ? abort() : {}), ...(kind !== 1 ? delay() : {}) };
}

function policiesOf(dice: Dice, around: Surroundings): Json {
  const timeout = around.isQuick ? dice.pick(["150ms", "250ms"]) : dice.pick(["800ms", "3s"]);
  const perTryTimeout = around.isQuick ? "100ms" : "700ms";
  const { host } = dice.pick(around.destinations);
  return {
    ...dice.maybe(0.3, () => ({ timeout })),
    ...dice.maybe(0.25, () => ({
      retries: dice.chance(0.2)
        ? { attempts: 0 }
        : {
            attempts: dice.between(1, 3),
            retryOn: dice.pick(["5xx", "gateway-error,connect-failure", "503", "refused-stream"]),
            ...dice.maybe(0.3, () => ({ perTryTimeout })),
          },
    })),
    ...dice.maybe(0.25, () => ({ fault: faultOf(dice, around) })),
    ...dice.maybe(0.15, () => ({
      mirror: { host },
      ...dice.maybe(0.5, () => ({ mirrorPercentage: { value: dice.pick([100, 40]) } })),
    })),
    ...dice.maybe(0.2, () => ({ headers: headersOf(dice) })),
  };
}

const REWRITES: readonly Json[] = [
  { uri: "/v2" },
  { uri: "/" },
  { authority: "inside.example" },
  { uri: "/both", authority: "inside.example" },
  { uriRegexRewrite: { match: "^/([a-z]+)/(.*)", rewrite: "/x/\\2/\\1" } },
];
const REDIRECTS: readonly Json[] = [
  { uri: "/new" },
  { authority: "elsewhere.example" },
  { uri: "/new", authority: "elsewhere.example", redirectCode: 302 },
  { scheme: "https", redirectCode: 308 },
  { uri: "%PREFIX()%/x", redirectCode: 307 },
  { authority: "elsewhere.example", port: 8443 },
];

function actionOf(dice: Dice, around: Surroundings, isRoot: boolean): Json {
  const kind = dice.between(1, 20);
  if (kind <= 2) return { redirect: dice.pick(REDIRECTS) };
  if (kind === 3) {
    return { directResponse: { status: dice.pick([200, 404, 503]), body: { string: "direct" } } };
  }
  if (isRoot && around.delegates.length > 0 && kind <= 6) {
    return { delegate: dice.pick(around.delegates) };
  }
  return {
    route: destinationsOf(dice, around),
    ...dice.maybe(0.25, () => ({ rewrite: dice.pick(REWRITES) })),
    ...policiesOf(dice, around),
  };
}

/** One to five routes; most lists end in one that takes everything. */
export function httpRoutesOf(dice: Dice, around: Surroundings, isRoot: boolean): readonly Json[] {
  const routes = Array.from({ length: dice.between(1, 4) }, (_, index) => ({
    ...dice.maybe(0.4, () => ({ name: `r${index}` })),
    match: Array.from({ length: dice.pick([1, 1, 2]) }, () => matchOf(dice, around)),
    ...actionOf(dice, around, isRoot),
  }));
  if (dice.chance(0.25)) return routes;
  return [...routes, actionOf(dice, around, false)];
}
