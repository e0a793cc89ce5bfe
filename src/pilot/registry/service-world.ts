// All services of the mesh, put together from every entry that declares them, and kept from one state to the next.
import { isWildcard } from "../model/hostname.ts";
import { sameItems } from "../model/memo.ts";
import { objectKey, objectName, type Problem, warningAt } from "../model/object.ts";
import type { Service, ServicePort } from "../model/service.ts";
import { ServiceDirectory } from "./service-directory.ts";
import {
  type DeclaredService,
  declaredServices,
  type ServiceEntryObject,
} from "./service-entries.ts";
import { allocateVirtualAddresses } from "./virtual-addresses.ts";

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
  return (previous && patched(entries, previous)) ?? rebuilt(entries, previous);
}

function rebuilt(
  entries: readonly ServiceEntryObject[],
  previous: ServiceWorld | undefined,
): ServiceWorld {
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

/** Entries that may differ for a patch; beyond it everything is put together anew. */
const MAX_PATCHED = 64;

/**
 * The usual change: some entries have other endpoints, ports or labels, and declare the same hosts as before. Only their
 * services are made again. undefined when more than that changed, and everything has to be looked at.
 */
function patched(
  entries: readonly ServiceEntryObject[],
  previous: ServiceWorld,
): ServiceWorld | undefined {
  // With a conflict somewhere the entries of a host are not all that declare it.
  if (entries.length !== previous.entries.length || previous.problems.length > 0) return undefined;
  const replacements = new Map<ServiceEntryObject, ServiceEntryObject>();
  for (const [i, entry] of entries.entries()) {
    const old = previous.entries[i];
    if (old === undefined || old === entry) continue;
    if (replacements.size === MAX_PATCHED || !sameHosts(old, entry)) return undefined;
    replacements.set(old, entry);
  }
  const declarations = new Map(previous.declarations);
  const changed = new Map<Service, Service>();
  for (const old of replacements.keys()) {
    for (const { hostname, namespace } of declaredServices(old)) {
      const service = previous.directory.find(hostname, namespace);
      const declaring = service && previous.declarations.get(service);
      if (service === undefined || declaring === undefined) return undefined;
      if (changed.has(service)) continue;
      const next = declare(
        hostname,
        declaring.map((entry) => replacements.get(entry) ?? entry),
      );
      if (next === undefined) return undefined;
      const candidate = { ...next.service, autoAddress: service.autoAddress };
      const kept = sameService(service, candidate) ? service : candidate;
      changed.set(service, kept);
      if (kept !== service) declarations.delete(service);
      declarations.set(kept, next.entries);
    }
  }
  const isSame = [...changed].every(([service, kept]) => service === kept);
  const { services } = previous.directory;
  const directory = isSame
    ? previous.directory
    : new ServiceDirectory(services.map((service) => changed.get(service) ?? service));
  return { entries, directory, declarations, problems: [] };
}

/** Whether both declare the same services, reached at the same addresses. */
function sameHosts(a: ServiceEntryObject, b: ServiceEntryObject): boolean {
  const parts = ({ namespace, spec }: ServiceEntryObject): string =>
    JSON.stringify([namespace, spec.hosts, spec.addresses, spec.location]);
  return parts(a) === parts(b);
}

/** What `entries` declare of one host together; undefined when they do not go together. */
function declare(
  hostname: string,
  entries: readonly ServiceEntryObject[],
): Declaration | undefined {
  let declaration: Declaration | undefined;
  for (const entry of entries) {
    const service = declaredServices(entry).find((declared) => declared.hostname === hostname);
    if (service === undefined) return undefined;
    if (declaration === undefined) declaration = { service, entries: [entry] };
    else if (canMerge(declaration.service, service))
      declaration = merge(declaration, service, entry);
    else return undefined;
  }
  return declaration;
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
  // An entry that names a host twice declares it once.
  if (first.entries.includes(entry)) return first;
  const numbers = new Set(first.service.ports.map((port) => port.number));
  const more = added.ports.filter((port: ServicePort) => !numbers.has(port.number));
  const addresses = [...new Set([...first.service.addresses, ...added.addresses])];
  const service = { ...first.service, ports: [...first.service.ports, ...more], addresses };
  return { service, entries: [...first.entries, entry] };
}

function conflict(first: DeclaredService, entry: ServiceEntryObject, index: number): Problem {
  const { file, line } = first.owner.source;
  const message =
    `host "${first.hostname}" is declared by ${objectName(first.owner)} (${file}:${line}) already, with another resolution or ` +
    "exportTo: this one is not used; give both the same resolution and exportTo, or another host";
  return warningAt(entry, ["spec", "hosts", index], message);
}

/** Services inside the mesh that have a name of their own but no loopback address to be reached at. */
function addressesFor(declared: readonly Declaration[]): ReadonlyMap<string, string> {
  const wanting: string[] = [];
  const reserved = new Set<string>();
  for (const { service } of declared) {
    for (const address of service.addresses) reserved.add(address);
    // The host sidecar listens on the first address if that is loopback.
    const hasOwn = /^127\.[\d.]+$/.test(service.addresses[0] ?? "");
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
