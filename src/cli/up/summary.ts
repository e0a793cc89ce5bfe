// What runs, as the person at the keyboard wants to see it: services, versions, instances, addresses, and what to open.
import { formatTable } from "../shell/table.ts";
import { GATEWAY_ADDRESS } from "./addresses.ts";
import type { Instance } from "./instance.ts";
import type { GatewayPlan } from "./plan.ts";

/** A page of the pilot's /debug/registryz, as far as the summary needs it. */
export interface RegistryService {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly autoAddress?: string;
  readonly ports: readonly {
    readonly number: number;
    readonly endpoints: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly health: string;
      readonly workload: { readonly name: string };
    }[];
  }[];
}

function serviceRow(service: RegistryService): readonly string[] {
  const endpoints = service.ports[0]?.endpoints ?? [];
  const versions = new Map<string, string[]>();
  for (const endpoint of endpoints) {
    const version = endpoint.labels["version"] ?? "-";
    versions.set(version, [...(versions.get(version) ?? []), endpoint.workload.name]);
  }
  const address = service.addresses[0] ?? service.autoAddress ?? "-";
  const ports = service.ports.map((port) => `${address}:${port.number}`).join(",");
  return [
    service.hostname.replace(/\.svc\.cluster\.local$/, ""),
    [...versions.keys()].sort().join(",") || "-",
    String(endpoints.length),
    ports,
  ];
}

export function formatServices(services: readonly RegistryService[]): string {
  return formatTable([
    ["SERVICE", "VERSIONS", "INSTANCES", "ADDRESS"],
    ...services.map(serviceRow),
  ]);
}

export function formatInstances(instances: readonly Instance[]): string {
  return formatTable([
    ["INSTANCE", "HEALTH", "ADDRESS", "PROGRAM", "PID"],
    ...instances.map((instance) => [
      instance.plan.name,
      instance.health,
      instance.address.host,
      Object.values(instance.address.ports).join(","),
      String(instance.pid ?? "-"),
    ]),
  ]);
}

/** `http://127.0.0.1:8080` for each port of each gateway. */
export function gatewayUrls(gateways: readonly GatewayPlan[]): readonly string[] {
  return gateways.flatMap((gateway) =>
    gateway.ports.map((port) => `http://${GATEWAY_ADDRESS}:${port}`),
  );
}
