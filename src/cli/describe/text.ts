// Descriptions as people read them: facts first, warnings where they belong, and file and line of everything.
import { renderYaml } from "#api/yaml-edit.ts";
import type { DescribedProblem, DescribedService } from "#pilot/api/debug-pages.ts";
import type { ObjectJson } from "#pilot/api/object-json.ts";
import type { SourcePosition } from "#pilot/model/object.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { livenessText, notLiveLines } from "../config/live.ts";
import { plain, plainLines } from "../shell/plain.ts";
import { formatTable } from "../shell/table.ts";
import type { ObjectDescription, ServiceDescription } from "./load.ts";
import { policyFacts, routeFacts } from "./route-facts.ts";

const indented = (text: string, by = "   "): string => text.replace(/^(?=.)/gm, by);

const place = (source: SourcePosition | undefined): string =>
  source === undefined ? "" : ` (${plain(`${source.file}:${source.line}`)})`;

const short = ({ metadata }: ObjectJson): string => plain(`${metadata.name}.${metadata.namespace}`);

export function objectText(described: ObjectDescription, age: string): string {
  const { object, source, liveness, problems } = described;
  const { metadata, kind, spec } = object;
  const labels = Object.entries(metadata.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const facts = [
    ["Name:", plain(metadata.name)],
    ["Namespace:", plain(metadata.namespace)],
    ["Kind:", kind],
    ["File:", source === undefined ? "-" : plain(`${source.file}:${source.line}`)],
    ["Labels:", plain(labels.join(", ") || "-")],
    ["Age:", age],
    ["Generation:", String(metadata.generation ?? "-")],
    ["Live:", liveness === undefined ? "-" : livenessText(liveness)],
  ];
  const routes = kind === "VirtualService" ? `Routes:\n${indented(routesText(spec))}` : "";
  return [
    formatTable(facts),
    liveness === undefined ? "" : notLiveLines(liveness).join(""),
    usersText(described),
    warnings(problems),
    routes,
    `Spec:\n${indented(plainLines(renderYaml(spec)))}`,
  ].join("");
}

/** Proxies that have resources made of it. */
function usersText({ liveness }: ObjectDescription): string {
  const users = (liveness?.proxies ?? []).filter(
    ({ resources = {} }) => Object.keys(resources).length > 0,
  );
  if (users.length === 0) return "Used by:     no connected proxy\n";
  const rows = users.map(({ name, namespace, state, resources = {} }) => {
    const counts = Object.entries(resources).map(([type, count]) => `${type} ${count}`);
    return [plain(`${name}.${namespace}`), state, counts.join(", ")];
  });
  return `Used by:\n${indented(formatTable(rows))}`;
}

function warnings(problems: readonly DescribedProblem[]): string {
  return problems
    .map(({ severity, source, field, message }) => {
      const where = `${source.file}:${source.line}`;
      return `${severity === "error" ? "ERROR" : "WARNING"}: ${plain([where, field, message].filter((part) => part !== "").join(": "), MAX_MESSAGE)}\n`;
    })
    .join("");
}

/** Problems say what would be right, which takes room. */
const MAX_MESSAGE = 600;

function routesText(spec: unknown): string {
  return routeFacts(spec)
    .map(({ field, takes, goesTo, facts }) => {
      const more = facts.map((fact) => `   ${fact}\n`).join("");
      return `${field}: ${takes} -> ${goesTo}\n${more}`;
    })
    .join("");
}

export function serviceText({
  service,
  destinationRules,
  virtualServices,
}: ServiceDescription): string {
  const rules = destinationRules.map(({ subsets, ...rule }) => {
    const used = subsets.map(({ name, labels, endpoints }) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
      return [
        plain(name),
        plain(wanted.join(",")),
        `${endpoints} ${endpoints === 1 ? "endpoint" : "endpoints"}`,
      ];
    });
    const empty = subsets
      .filter(({ endpoints }) => endpoints === 0)
      .map(
        ({ name }) =>
          `WARNING: no endpoint has the labels of subset ${plain(name)}: its requests fail (503 UH)\n`,
      );
    const policy = policyFacts((rule.object.spec as { trafficPolicy?: unknown }).trafficPolicy);
    const text = [
      used.length === 0 ? "" : `Matching subsets:\n${indented(formatTable(used))}`,
      policy.length === 0
        ? "Traffic policy: none\n"
        : `Traffic policy:\n${policy.map((fact) => `   ${fact}\n`).join("")}`,
      ...empty,
      statusText(rule),
    ].join("");
    return `DestinationRule: ${short(rule.object)}${place(rule.source)}\n${indented(text)}`;
  });
  const routes = virtualServices.map((route) => {
    const title = route.isForHost ? "VirtualService" : "Sent here by VirtualService";
    return `${title}: ${short(route.object)}${place(route.source)}\n${indented(routesText(route.object.spec) + statusText(route))}`;
  });
  return [
    headText(service),
    ...(rules.length === 0
      ? ["DestinationRule: none: requests are spread over all endpoints\n"]
      : rules),
    ...(routes.length === 0
      ? ["VirtualService: none: requests go to the service that they name\n"]
      : routes),
  ].join("");
}

function statusText({ liveness, problems }: ObjectDescription): string {
  const live =
    liveness === undefined
      ? ""
      : `Live: ${livenessText(liveness)}\n${notLiveLines(liveness).join("")}`;
  return `${warnings(problems)}${live}`;
}

function headText({ hostname, addresses, autoAddress, ports, source }: DescribedService): string {
  const all = [...addresses, ...(autoAddress === undefined ? [] : [autoAddress])];
  const rows = ports.flatMap((port) =>
    port.endpoints.map(({ address, port: number, health, labels, workload }) => [
      plain(workload.name === "" ? "-" : `${workload.name}.${workload.namespace}`),
      plain(`${address}:${number}`),
      health,
      plain(
        Object.entries(labels)
          .map(([label, value]) => `${label}=${value}`)
          .join(","),
      ),
    ]),
  );
  const listed = ports.map(
    ({ name, number, protocol }) => `   Port: ${plain(`${name} ${number}/${protocol}`)}\n`,
  );
  return [
    `Service: ${plain(shortServiceName(hostname))}${place(source)}\n`,
    all.length === 0 ? "" : `   Address: ${plain(all.join(", "))}\n`,
    ...listed,
    rows.length === 0
      ? "   WARNING: nothing serves it: requests fail (503 UH)\n"
      : `   Workloads:\n${indented(formatTable(rows), "      ")}`,
  ].join("");
}
