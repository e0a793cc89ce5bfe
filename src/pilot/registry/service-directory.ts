// All services of the mesh, put together from every entry that declares them, and found by host and by who may see them.
import { isWildcard } from "../model/hostname.ts";
import { sameItems } from "../model/memo.ts";
import { objectKey, objectName, type Problem } from "../model/object.ts";
import type { Service, ServicePort } from "../model/service.ts";
import { isVisibleTo } from "../model/visibility.ts";
import {
  type DeclaredService,
  declaredServices,
  type ServiceEntryObject,
} from "./service-entries.ts";
import { allocateVirtualAddresses } from "./virtual-addresses.ts";

/** Services by name. The same object as long as no service changed, whatever their endpoints did. */
export class ServiceDirectory {
  /** By hostname, then namespace. */
  readonly services: readonly Service[];
  readonly #byHost = new Map<string, Service[]>();
  readonly #byNamespace: ReadonlyMap<string, readonly Service[]>;
  readonly #visible = new Map<string, readonly Service[]>();

  constructor(services: readonly Service[]) {
    this.services = services;
    this.#byNamespace = Map.groupBy(services, (service) => service.namespace);
    for (const service of services) {
      const same = this.#byHost.get(service.hostname);
      if (same === undefined) this.#byHost.set(service.hostname, [service]);
      else same.push(service);
    }
  }

  /** The service of that exact host that `fromNamespace` means: its own, else the first visible by namespace, as Istio picks. */
  find(hostname: string, fromNamespace: string): Service | undefined {
    const candidates = this.#byHost.get(hostname);
    return (
      candidates?.find((service) => service.namespace === fromNamespace) ??
      candidates?.find((service) => isVisibleTo(service.exportTo, fromNamespace))
    );
  }

  inNamespace(namespace: string): readonly Service[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  visibleTo(namespace: string): readonly Service[] {
    const known = this.#visible.get(namespace);
    if (known !== undefined) return known;
    const visible = this.services.filter((service) => isVisibleTo(service.exportTo, namespace));
    this.#visible.set(namespace, visible);
    return visible;
  }
}

export interface ServiceWorld {
  readonly entries: readonly ServiceEntryObject[];
  readonly directory: ServiceDirectory;
  /** Service -> the entries that declare it, oldest first. */
  readonly declarations: ReadonlyMap<Service, readonly ServiceEntryObject[]>;
  readonly problems: readonly Problem[];
}

interface Declaration {
  readonly service: DeclaredService;
  readonly entries: ServiceEntryObject[];
}

/** Puts `entries` (oldest first) together; parts that did not change since `previous` keep their identity. */
export function buildServiceWorld(
  entries: readonly ServiceEntryObject[],
  previous: ServiceWorld | undefined,
): ServiceWorld {
  if (previous !== undefined && sameItems(entries, previous.entries)) return previous;
  const problems: Problem[] = [];
  const declared = [...groupByHost(entries, problems).values()].sort(compareServices);
  const addresses = addressesFor(declared);
  const before = new Map(previous?.directory.services.map((s) => [serviceKey(s), s]));
  const declarations = new Map<Service, readonly ServiceEntryObject[]>();
  const services = declared.map(({ service, entries: declaring }) => {
    const next = { ...service, autoAddress: addresses.get(service.hostname) };
    const old = before.get(serviceKey(service));
    const kept = old !== undefined && sameService(old, next) ? old : next;
    declarations.set(kept, declaring);
    return kept;
  });
  const directory =
    previous !== undefined && sameItems(services, previous.directory.services)
      ? previous.directory
      : new ServiceDirectory(services);
  return { entries, directory, declarations, problems };
}

function serviceKey(service: DeclaredService): string {
  return `${service.hostname} ${service.namespace}`;
}

function compareServices(a: Declaration, b: Declaration): number {
  const keyA = serviceKey(a.service);
  const keyB = serviceKey(b.service);
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}

/**
 * Several entries of a namespace may declare one host: the oldest gives its attributes, the others add ports and endpoints.
 * One that resolves differently or is seen by others cannot be added and is refused.
 */
function groupByHost(
  entries: readonly ServiceEntryObject[],
  problems: Problem[],
): Map<string, Declaration> {
  const groups = new Map<string, Declaration>();
  for (const entry of entries) {
    declaredServices(entry).forEach((service, i) => {
      const key = serviceKey(service);
      const first = groups.get(key);
      if (first === undefined) {
        groups.set(key, { service, entries: [entry] });
      } else if (canMerge(first.service, service)) {
        groups.set(key, merge(first, service, entry));
      } else if (!first.entries.includes(entry)) {
        problems.push(conflict(first.service, entry, i));
      }
    });
  }
  return groups;
}

function canMerge(a: DeclaredService, b: DeclaredService): boolean {
  return (
    a.resolution === b.resolution &&
    a.exportTo.size === b.exportTo.size &&
    a.exportTo.isSubsetOf(b.exportTo)
  );
}

function merge(first: Declaration, added: DeclaredService, entry: ServiceEntryObject): Declaration {
  const numbers = new Set(first.service.ports.map((port) => port.number));
  const more = added.ports.filter((port: ServicePort) => !numbers.has(port.number));
  const addresses = [...new Set([...first.service.addresses, ...added.addresses])];
  const service = { ...first.service, ports: [...first.service.ports, ...more], addresses };
  return { service, entries: [...first.entries, entry] };
}

function conflict(first: DeclaredService, entry: ServiceEntryObject, index: number): Problem {
  const path = ["spec", "hosts", index];
  const { file, line } = first.owner.source;
  return {
    severity: "warning",
    source: entry.positionOf(path),
    object: objectName(entry),
    field: `spec.hosts[${index}]`,
    message:
      `host "${first.hostname}" is declared by ${objectName(first.owner)} (${file}:${line}) already, with another resolution or ` +
      "exportTo: this one is not used; give both the same resolution and exportTo, or another host",
  };
}

/** Services inside the mesh that have a name of their own but no loopback address to be reached at. */
function addressesFor(declared: readonly Declaration[]): ReadonlyMap<string, string> {
  const wanting: string[] = [];
  const reserved = new Set<string>();
  for (const { service } of declared) {
    for (const address of service.addresses) reserved.add(address);
    const hasOwn = service.addresses.some((address) => address.startsWith("127."));
    if (service.location === "internal" && !isWildcard(service.hostname) && !hasOwn) {
      wanting.push(service.hostname);
    }
  }
  return allocateVirtualAddresses(wanting, reserved);
}

/** Everything but where the owner stands: its source moves with the text, and is read through the owner. */
function sameService(a: Service, b: Service): boolean {
  return serviceText(a) === serviceText(b);
}

function serviceText(service: Service): string {
  const { owner, exportTo, ...rest } = service;
  return JSON.stringify([rest, [...exportTo].sort(), objectKey(owner)]);
}
