// What a VirtualService does with requests, in lines that people read; from its JSON, so that every version of the fields shows.
import { plain } from "../shell/plain.ts";

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const items = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter(isJson) : [];

/** One route: what it takes, where it goes, and what else happens on the way. */
export interface RouteFacts {
  /** "http[0]" */
  readonly field: string;
  /** "headers end-user exact jason"; "everything". */
  readonly takes: string;
  /** "90 % reviews subset v1, 10 % reviews subset v3" */
  readonly goesTo: string;
  /** "timeout 500ms", "fault: 50 % delay 7s" */
  readonly facts: readonly string[];
}

export function routeFacts(spec: unknown): readonly RouteFacts[] {
  if (!isJson(spec)) return [];
  return ["http", "tls", "tcp"].flatMap((protocol) =>
    items(spec[protocol]).map((route, i) => ({
      field: `${protocol}[${i}]`,
      takes: items(route["match"]).map(matchText).join(" or ") || "everything",
      goesTo: targetText(route),
      facts: factsOf(route),
    })),
  );
}

/** `{ uri: { prefix: "/a" }, headers: { x: { exact: "1" } } }` -> `uri prefix /a, headers x exact 1` */
function matchText(match: Json): string {
  return flat(match).join(", ") || "everything";
}

function flat(value: unknown): readonly string[] {
  if (!isJson(value))
    return [plain(Array.isArray(value) ? value.map(String).join("|") : String(value))];
  return Object.entries(value).flatMap(([name, child]) => {
    const below = flat(child);
    return below.length === 0 ? [plain(name)] : below.map((text) => `${plain(name)} ${text}`);
  });
}

function targetText(route: Json): string {
  const { redirect, directResponse, delegate } = route;
  if (isJson(redirect)) return `redirect: ${flat(redirect).join(", ")}`;
  if (isJson(directResponse)) return `answered here: ${flat(directResponse).join(", ")}`;
  if (isJson(delegate)) return `routes of VirtualService ${flat(delegate).join(", ")}`;
  const destinations = items(route["route"]);
  const sum = destinations.reduce((total, { weight }) => total + Number(weight ?? 0), 0);
  return destinations
    .map(({ destination, weight }) => {
      const share =
        destinations.length === 1 || sum === 0 ? "" : `${percent(Number(weight ?? 0) / sum)} `;
      return `${share}${destinationText(destination)}`;
    })
    .join(", ");
}

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

function destinationText(destination: unknown): string {
  if (!isJson(destination)) return "nowhere";
  const { host, subset, port } = destination;
  const number = isJson(port) ? `:${String(port["number"])}` : "";
  return plain(
    `${String(host)}${number}${subset === undefined ? "" : ` subset ${String(subset)}`}`,
  );
}

const FACTS = [
  "timeout",
  "retries",
  "fault",
  "rewrite",
  "mirror",
  "mirrors",
  "mirrorPercentage",
  "headers",
  "corsPolicy",
];

function factsOf(route: Json): readonly string[] {
  return FACTS.filter((name) => route[name] !== undefined).map((name) => {
    const value = route[name];
    const texts = Array.isArray(value) ? value.flatMap(flat) : flat(value);
    return `${name} ${texts.join(", ")}`;
  });
}

/** A DestinationRule's policy, one fact a line: "connectionPool tcp maxConnections 1". */
export function policyFacts(policy: unknown): readonly string[] {
  return isJson(policy) ? flat(policy) : [];
}

/** Hosts, with namespace, that a VirtualService sends requests to. */
export function destinationHosts(spec: unknown): readonly string[] {
  if (!isJson(spec)) return [];
  const routes = ["http", "tls", "tcp"].flatMap((protocol) => items(spec[protocol]));
  const destinations = routes.flatMap((route) => [
    ...items(route["route"]).map((each) => each["destination"]),
    ...items(route["mirrors"]).map((each) => each["destination"]),
    route["mirror"],
  ]);
  return destinations.filter(isJson).map(({ host }) => String(host));
}
