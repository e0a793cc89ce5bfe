// What `sampan why` says of a request beforehand, in the words of the tables.
import { explain } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import type { Target } from "../../end-to-end/harness/connection.ts";
import { ORIGINS } from "./origins.ts";

export interface AskedRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `200 reviews-v1 /reviews/0`, or status and location of what the proxy answers itself. */
export function explained(
  configuration: ProxyConfiguration,
  { host, port }: Target,
  request: AskedRequest,
): string {
  const { outcomes } = explain(configuration, {
    method: request.method,
    scheme: "http",
    authority: request.host,
    path: request.path,
    headers: Object.entries(request.headers),
    entrance: { kind: "address", host, port },
  });
  return outcomes
    .map(({ odds, kind, status, location, hosts, rewrite }) => {
      const share = odds === 1 ? "" : `${odds}: `;
      if (kind !== "forward") return `${share}${status} ${location ?? "-"}`;
      const by = (hosts ?? [])
        .filter((one) => one.odds > 0)
        .map(({ address }) => ORIGINS[address.replace(/:\d+$/, "")] ?? address);
      return `${share}200 ${by.join("|")} ${rewrite?.path ?? request.path}`;
    })
    .join(", ");
}
