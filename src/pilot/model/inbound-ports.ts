// Which port of the sidecar stands for which port of the program behind it, when the proxy names the program's ports
// (metadata SAMPAN_WORKLOAD_PORTS). The registry and the inbound listeners must agree, so both ask here.

/** The first port of a workload is served where Istio's virtualInbound listens. */
const FIRST_INBOUND_PORT = 15006;
/** The k-th further port, k from 1, is served at this plus k. */
const FURTHER_INBOUND_BASE = 15100;

export interface InboundPort {
  /** Service port name, as in the WorkloadGroup's template. */
  readonly name: string;
  /** Where the sidecar listens. */
  readonly port: number;
  /** Where the program listens, at the sidecar's address. */
  readonly workloadPort: number;
}

/** In the order of the ports' names, so that it does not depend on how the metadata was written. */
export function inboundPorts(workloadPorts: Readonly<Record<string, number>>): InboundPort[] {
  return Object.keys(workloadPorts)
    .sort()
    .map((name, index) => ({
      name,
      port: index === 0 ? FIRST_INBOUND_PORT : FURTHER_INBOUND_BASE + index,
      workloadPort: workloadPorts[name] ?? 0,
    }));
}
