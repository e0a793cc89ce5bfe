// Host -> virtual host: exact names, then the longest suffix wildcard, the longest prefix wildcard, and "*".

/** The kind of domain that a host was found by. */
export type DomainKind = "exact" | "suffix" | "prefix" | "any";

export interface FoundHost<T> {
  readonly value: T;
  readonly kind: DomainKind;
  /** As configured: `*.example.com`. */
  readonly domain: string;
}

export class VirtualHostIndex<T> {
  readonly #exact = new Map<string, FoundHost<T>>();
  /** Length of the fixed part -> that part -> host; longest first, as Envoy keeps them. */
  #suffixes: readonly (readonly [length: number, hosts: ReadonlyMap<string, FoundHost<T>>])[] = [];
  #prefixes: readonly (readonly [length: number, hosts: ReadonlyMap<string, FoundHost<T>>])[] = [];
  #any: FoundHost<T> | undefined;

  /** Domains are in lower case and unique. */
  constructor(hosts: Iterable<{ readonly domains: readonly string[]; readonly value: T }>) {
    const suffixes = new Map<number, Map<string, FoundHost<T>>>();
    const prefixes = new Map<number, Map<string, FoundHost<T>>>();
    for (const { domains, value } of hosts) {
      for (const domain of domains) {
        if (domain === "*") this.#any = { value, kind: "any", domain };
        else if (domain.startsWith("*")) {
          add(suffixes, domain.slice(1), { value, kind: "suffix", domain });
        } else if (domain.endsWith("*")) {
          add(prefixes, domain.slice(0, -1), { value, kind: "prefix", domain });
        } else this.#exact.set(domain, { value, kind: "exact", domain });
      }
    }
    this.#suffixes = longestFirst(suffixes);
    this.#prefixes = longestFirst(prefixes);
  }

  /** Set when every host leads to the same virtual host, so that nobody need look at it. */
  get only(): T | undefined {
    const isOnly = this.#exact.size + this.#suffixes.length + this.#prefixes.length === 0;
    return isOnly ? this.#any?.value : undefined;
  }

  /** `host` is in lower case, with its port unless the table ignores ports. */
  find(host: string): FoundHost<T> | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    // A wildcard stands for at least one character: "*.foo.com" is not ".foo.com".
    for (const [length, hosts] of this.#suffixes) {
      if (host.length <= length) continue;
      const found = hosts.get(host.slice(host.length - length));
      if (found !== undefined) return found;
    }
    for (const [length, hosts] of this.#prefixes) {
      if (host.length <= length) continue;
      const found = hosts.get(host.slice(0, length));
      if (found !== undefined) return found;
    }
    return this.#any;
  }
}

function add<V>(into: Map<number, Map<string, V>>, part: string, host: V): void {
  let hosts = into.get(part.length);
  if (hosts === undefined) {
    hosts = new Map();
    into.set(part.length, hosts);
  }
  hosts.set(part, host);
}

function longestFirst<V>(groups: ReadonlyMap<number, V>): (readonly [number, V])[] {
  return [...groups].sort(([a], [b]) => b - a);
}
