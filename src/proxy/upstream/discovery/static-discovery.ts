// STATIC: the endpoints that the cluster's own configuration names.
import type { EndpointsConfig } from "../../config/cluster-config.ts";
import type { Discovery, DiscoveryOwner } from "./discovery.ts";

export class StaticDiscovery implements Discovery {
  readonly #owner: DiscoveryOwner;
  readonly #endpoints: EndpointsConfig;

  constructor(owner: DiscoveryOwner, endpoints: EndpointsConfig) {
    this.#owner = owner;
    this.#endpoints = endpoints;
  }

  start(): void {
    this.#owner.applyEndpoints(this.#endpoints.localities, this.#endpoints.overprovisioningFactor);
    this.#owner.becomeWarm();
  }

  close(): void {}
}
