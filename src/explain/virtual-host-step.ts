// Route configuration and virtual host as steps: by which domain the host was found, or which one was perhaps meant.
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { CompiledHost, RouteTable } from "#proxy/route/route-table.ts";
import type { FoundHost } from "#proxy/route/virtual-host-index.ts";
import type { HttpContext } from "./explain-http.ts";
import type { Step } from "./explanation.ts";
import type { Read } from "./read-configuration.ts";

export function tableStep({ config }: HttpContext, table: Read<RouteTable> | undefined): Step {
  const { route } = config;
  const name = route.kind === "rds" ? route.name : route.config.name;
  if (table === undefined) {
    const detail = `${quoted(name)} has not come yet: every request is answered 404`;
    return { mark: "stopped", title: "Route configuration", detail };
  }
  const where = route.kind === "rds" ? "" : ", inside the listener";
  const shown = name === "" ? "without a name" : name;
  return {
    mark: "passed",
    title: "Route configuration",
    detail: `${shown}${where}`,
    ...(table.refusal === undefined
      ? {}
      : { facts: [`sampan's own proxy would refuse it: ${table.refusal}`] }),
  };
}

const KINDS = {
  exact: "exactly",
  suffix: "by the wildcard",
  prefix: "by the wildcard",
  any: "by",
} as const;

export function virtualHostStep(
  { head }: HttpContext,
  table: RouteTable,
  { value, kind, domain }: FoundHost<CompiledHost>,
): Step {
  const detail = `${value.config.name}, ${KINDS[kind]} ${domain}`;
  const hint = kind === "any" ? meant(table, head.authority()) : undefined;
  if (hint === undefined) return { mark: "passed", title: "Virtual host", detail };
  return {
    mark: "note",
    title: "Virtual host",
    detail: `no virtual host for ${quoted(head.authority())}: ${value.config.name} takes it, by ${domain}`,
    facts: [`did you mean ${hint}?`],
  };
}

export function unknownHostStep({ head }: HttpContext, table: RouteTable): Step {
  const hint = meant(table, head.authority());
  const more = hint === undefined ? "" : `; did you mean ${hint}?`;
  const detail = `no virtual host for ${quoted(head.authority())}${more}`;
  return { mark: "stopped", title: "Virtual host", detail };
}

/** The domain that is nearest to what was asked for: a mistyped name, or the right one with another port. */
function meant(table: RouteTable, authority: string): string | undefined {
  const domains = table.config.virtualHosts
    .flatMap((host) => host.domains)
    .filter((domain) => !domain.includes("*"));
  const near = nearest(authority.toLowerCase(), domains);
  if (near !== undefined) return near;
  const name = authority.toLowerCase().replace(/:\d+$/, "");
  return domains.find((domain) => domain.replace(/:\d+$/, "") === name);
}
