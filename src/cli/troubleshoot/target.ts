// What a person means by --to: a service with a port, in the pilot's registry.
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { DescribedService } from "#pilot/api/debug-pages.ts";
import { isHost } from "../client/destination-name.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { type Finding, wrong } from "./finding.ts";

export type ServicePort = DescribedService["ports"][number];

export interface Target {
  readonly service: DescribedService;
  readonly port: ServicePort;
  /** As a client of the namespace writes it: "reviews:9080". */
  readonly authority: string;
}

export type FoundTarget =
  | { readonly kind: "found"; readonly target: Target }
  | { readonly kind: "missing"; readonly finding: Finding };

const WANTED = /^(?:https?:\/\/)?([^/:]+)(?::(\d{1,5}))?(?:\/.*)?$/;

/** "reviews", "reviews.shop:9080", "http://reviews:9080/path". */
export function findTarget(
  services: readonly DescribedService[],
  wanted: string,
  namespace: string,
): FoundTarget {
  const [, host = wanted, portText] = WANTED.exec(wanted) ?? [];
  const service = services.find(({ hostname }) => isHost(host, hostname, [namespace]));
  if (service === undefined) {
    const names = services.flatMap(({ hostname }) => {
      const short = shortServiceName(hostname);
      return [short, short.replace(`.${namespace}`, "")];
    });
    const near = nearest(host, names);
    const fix =
      near === undefined
        ? `Declare it by a ServiceEntry; there are ${names.length === 0 ? "none" : [...new Set(names)].join(", ")}`
        : `Did you mean ${near}?`;
    return missing(`The mesh has no service ${quoted(host)}`, fix);
  }
  const called = portText === undefined ? undefined : Number(portText);
  const port =
    called === undefined
      ? (service.ports.find(({ protocol }) => /^HTTP/i.test(protocol)) ?? service.ports[0])
      : service.ports.find(({ number }) => number === called);
  if (port === undefined) {
    const ports = service.ports.map(({ number, name }) => `${number} (${name})`).join(", ");
    return missing(
      called === undefined ? `${host} has no port` : `${host} has no port ${called}`,
      called === undefined ? "Name one in its ServiceEntry" : `Its ports are ${ports}`,
    );
  }
  return { kind: "found", target: { service, port, authority: `${host}:${port.number}` } };
}

const missing = (message: string, fix: string): FoundTarget => ({
  kind: "missing",
  finding: wrong(message, fix),
});
