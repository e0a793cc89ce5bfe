// Which loopback address and which ports each part of a mesh on one machine gets (docs/decisions: one address an instance).

/** The gateway and the pilot serve where people expect a server on their own machine. */
export const GATEWAY_ADDRESS = "127.0.0.1";
/** The host sidecar's own address; it also listens on the services' virtual ones. */
export const HOST_SIDECAR_ADDRESS = "127.0.1.1";

export const ADMIN_PORT = 15000;
export const OUTBOUND_PROXY_PORT = 15001;

const FIRST_INSTANCE = 2;
/** 127.0.1.2 to 127.0.63.254: what is above belongs to other uses of loopback. */
const MAX_INSTANCES = 63 * 254 - 1;
/** Programs get ports from here; below Linux's ephemeral range (32768), so that no outgoing connection takes one. */
const FIRST_PROGRAM_PORT = 20_000;
const LAST_PROGRAM_PORT = 29_999;

export interface InstanceAddress {
  /** Of the instance and its sidecar. */
  readonly host: string;
  /** Service port name -> the port where the program listens. */
  readonly ports: Readonly<Record<string, number>>;
}

const hostOf = (number: number): string =>
  `127.0.${1 + Math.floor((number - 1) / 254)}.${1 + ((number - 1) % 254)}`;

/** Hands out addresses and ports; what was given back is used again only after everything else was. */
export class AddressBook {
  readonly #isPortFree: (host: string, port: number) => boolean;
  readonly #used = new Set<number>();
  readonly #usedPorts = new Set<number>();
  #nextInstance = FIRST_INSTANCE;
  #nextPort = FIRST_PROGRAM_PORT;

  /** `isPortFree` looks at the machine: programs of other people may hold ports too. */
  constructor(isPortFree: (host: string, port: number) => boolean) {
    this.#isPortFree = isPortFree;
  }

  /** undefined when every address or port is in use. */
  take(portNames: readonly string[]): InstanceAddress | undefined {
    const host = this.#takeHost();
    if (host === undefined) return undefined;
    const ports: Record<string, number> = {};
    for (const name of portNames) {
      const port = this.#takePort(host);
      if (port === undefined) {
        this.give({ host, ports });
        return undefined;
      }
      ports[name] = port;
      this.#usedPorts.add(port);
    }
    return { host, ports };
  }

  give(address: InstanceAddress): void {
    const [, , third = 1, fourth = 1] = address.host.split(".").map(Number);
    this.#used.delete((third - 1) * 254 + fourth);
    for (const port of Object.values(address.ports)) this.#usedPorts.delete(port);
  }

  /** An address where a sidecar can have its admin pages: another mesh of this machine may have taken the first ones. */
  #takeHost(): string | undefined {
    for (let tries = 0; tries < MAX_INSTANCES; tries += 1) {
      const number = this.#nextInstance;
      this.#nextInstance = number >= MAX_INSTANCES ? FIRST_INSTANCE : number + 1;
      const host = hostOf(number);
      if (this.#used.has(number) || !this.#isPortFree(host, ADMIN_PORT)) continue;
      this.#used.add(number);
      return host;
    }
    return undefined;
  }

  #takePort(host: string): number | undefined {
    for (let tries = 0; tries <= LAST_PROGRAM_PORT - FIRST_PROGRAM_PORT; tries += 1) {
      const port = this.#nextPort;
      this.#nextPort = port >= LAST_PROGRAM_PORT ? FIRST_PROGRAM_PORT : port + 1;
      // One handed out may not be listened on yet.
      if (!this.#usedPorts.has(port) && this.#isPortFree(host, port)) return port;
    }
    return undefined;
  }
}
