// The gateway proxies of a mesh: one for each selector that Gateways have, all of them where people look for a server, 127.0.0.1.
import type { SocketAddress } from "#base/net.ts";
import { ADMIN_PORT, GATEWAY_ADDRESS } from "./addresses.ts";
import { identityOfGateway } from "./identity.ts";
import type { MeshOptions } from "./mesh-options.ts";
import type { GatewayPlan } from "./plan.ts";
import { SupervisedProxy } from "./supervised-proxy.ts";

export interface Gateway {
  readonly plan: GatewayPlan;
  readonly proxy: SupervisedProxy;
  readonly admin: SocketAddress;
}

const isSame = (a: GatewayPlan, b: GatewayPlan | undefined): boolean =>
  b !== undefined && JSON.stringify(a.labels) === JSON.stringify(b.labels);

export class Gateways {
  readonly #options: MeshOptions;
  readonly #takeAdminHost: () => string | undefined;
  readonly #running = new Map<string, Gateway>();
  readonly #ending = new Set<SupervisedProxy>();
  #plans: readonly GatewayPlan[] = [];

  /** `takeAdminHost`: they share their address, so all but the first have their admin pages elsewhere. */
  constructor(options: MeshOptions, takeAdminHost: () => string | undefined) {
    this.#options = options;
    this.#takeAdminHost = takeAdminHost;
  }

  list(): readonly Gateway[] {
    return [...this.#running.values()];
  }

  apply(plans: readonly GatewayPlan[]): void {
    this.#plans = plans;
    const wanted = new Map(plans.map((plan) => [plan.name, plan]));
    for (const [name, { plan, proxy }] of this.#running) {
      if (!isSame(plan, wanted.get(name))) this.#end(name, proxy);
    }
    // The next one may need the ports of the one before.
    if (this.#ending.size > 0) return;
    for (const plan of plans) {
      const found = this.#running.get(plan.name);
      if (found !== undefined) this.#running.set(plan.name, { ...found, plan });
      else this.#start(plan);
    }
  }

  async stop(): Promise<void> {
    this.#plans = [];
    for (const [name, { proxy }] of this.#running) this.#end(name, proxy);
    await Promise.all([...this.#ending].map((proxy) => proxy.stop()));
  }

  /** Kills them at once. */
  kill(): void {
    for (const { proxy } of this.#running.values()) proxy.kill();
    for (const proxy of this.#ending) proxy.kill();
  }

  #end(name: string, proxy: SupervisedProxy): void {
    this.#running.delete(name);
    this.#ending.add(proxy);
    void this.#ended(proxy);
  }

  async #ended(proxy: SupervisedProxy): Promise<void> {
    await proxy.stop();
    this.#ending.delete(proxy);
    if (this.#ending.size === 0) this.apply(this.#plans);
  }

  #start(plan: GatewayPlan): void {
    const isTaken = this.list().some(({ admin }) => admin.host === GATEWAY_ADDRESS);
    const adminHost = isTaken ? this.#takeAdminHost() : GATEWAY_ADDRESS;
    if (adminHost === undefined) {
      this.#options.reporter.error(plan.name, "not started: every loopback address is in use");
      return;
    }
    const admin = { host: adminHost, port: ADMIN_PORT };
    const proxy = new SupervisedProxy(this.#options, identityOfGateway(plan, admin), "gateway");
    this.#running.set(plan.name, { plan, proxy, admin });
    proxy.start();
  }
}
