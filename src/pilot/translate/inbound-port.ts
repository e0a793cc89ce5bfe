// Which ports of a sidecar lead to the program behind it, and where the program listens. Clusters and listeners ask here,
// so that they agree. Three answers (README, "Inbound"): the Sidecar object's ingress entries; the ports that the proxy's
// metadata names (sampan's own sidecars); the services that select the workload, when traffic is intercepted.
import type { IstioIngressListener } from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import { CaptureMode } from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import { inboundPorts } from "../model/inbound-ports.ts";
import type { ConfigObject } from "../model/object.ts";
import { parseProtocol, protocolOfPortName } from "../model/protocol.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Protocol, Service } from "../model/service.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { LOCALHOST, parsePort, WILDCARD_ADDRESS } from "./names.ts";

export interface InboundPort {
  /** Where the sidecar takes connections: its own port, or the one that was meant before interception. */
  readonly listenPort: number;
  /** The address in the listener's name; where it binds is for the listener to decide. */
  readonly bind: string;
  /** Opens a socket of its own; otherwise a filter chain of `virtualInbound`. */
  readonly bindsPort: boolean;
  readonly protocol: Protocol;
  /** The number in `inbound|<port>||`. */
  readonly clusterPort: number;
  /** Where the program listens; undefined: the connection's original destination. */
  readonly workload: { readonly address: string; readonly port: number } | undefined;
  /** The service behind it, if one is known; its DestinationRule limits the cluster. */
  readonly service: Service | undefined;
  readonly servicePort: number;
  readonly sidecar: ConfigObject<"Sidecar"> | undefined;
  readonly ingress: IstioIngressListener | undefined;
}

/** By listen port; each port once, the first to ask for it wins. */
export function inboundPortsOf(proxy: Proxy, snapshot: Snapshot): readonly InboundPort[] {
  if (proxy.type !== "sidecar" || proxy.isHostSidecar) return [];
  const sidecar = snapshot.sidecarFor(proxy.namespace, proxy.labels);
  const known = servicesOf(proxy, snapshot);
  const found =
    sidecar !== undefined && sidecar.spec.ingress.length > 0
      ? sidecar.spec.ingress.map((ingress) => ingressPort(proxy, sidecar, ingress, known))
      : Object.keys(proxy.workloadPorts).length > 0
        ? named(proxy, known)
        : proxy.interceptionMode === "NONE"
          ? []
          : selected(proxy, snapshot, known);
  const byPort = new Map<number, InboundPort>();
  for (const port of found) if (!byPort.has(port.listenPort)) byPort.set(port.listenPort, port);
  return [...byPort.values()].sort((a, b) => a.listenPort - b.listenPort);
}

/** The address that the program and its sidecar share. */
export function ownAddress(proxy: Proxy): string {
  return proxy.ipAddresses[0] ?? LOCALHOST;
}

function servicesOf(proxy: Proxy, snapshot: Snapshot): readonly Service[] {
  return snapshot.servicesOf(proxy.namespace, proxy.labels, ownAddress(proxy));
}

/** Metadata SAMPAN_WORKLOAD_PORTS: a listener on the sidecar for each port of the program. */
function named(proxy: Proxy, services: readonly Service[]): InboundPort[] {
  return inboundPorts(proxy.workloadPorts).map(({ name, port, workloadPort }) => {
    const service = services.find((candidate) => candidate.ports.some((p) => p.name === name));
    const servicePort = service?.ports.find((p) => p.name === name);
    return {
      listenPort: port,
      bind: WILDCARD_ADDRESS,
      bindsPort: true,
      protocol: servicePort?.protocol ?? protocolOfPortName(name),
      clusterPort: workloadPort,
      workload: { address: ownAddress(proxy), port: workloadPort },
      service,
      servicePort: servicePort?.number ?? workloadPort,
      sidecar: undefined,
      ingress: undefined,
    };
  });
}

/** Ports of the services that select this workload: intercepted, so the original destination is where to go. */
function selected(proxy: Proxy, snapshot: Snapshot, services: readonly Service[]): InboundPort[] {
  const own = ownAddress(proxy);
  return services.flatMap((service) =>
    service.ports.flatMap((port): InboundPort[] => {
      if (port.protocol === "UDP") return [];
      const endpoint = snapshot.endpoints(service, port).find(({ address }) => address === own);
      const listenPort = endpoint?.portOf(port) ?? port.targetPort;
      return [
        {
          listenPort,
          bind: WILDCARD_ADDRESS,
          bindsPort: false,
          protocol: port.protocol,
          clusterPort: listenPort,
          workload: undefined,
          service,
          servicePort: port.number,
          sidecar: undefined,
          ingress: undefined,
        },
      ];
    }),
  );
}

function ingressPort(
  proxy: Proxy,
  sidecar: ConfigObject<"Sidecar">,
  ingress: IstioIngressListener,
  services: readonly Service[],
): InboundPort {
  const listenPort = ingress.port?.number ?? 0;
  const bindsPort =
    ingress.captureMode === CaptureMode.NONE ||
    (ingress.captureMode === CaptureMode.DEFAULT && proxy.interceptionMode === "NONE");
  return {
    listenPort,
    bind: ingress.bind === "" ? WILDCARD_ADDRESS : ingress.bind,
    bindsPort,
    protocol: parseProtocol(ingress.port?.protocol ?? ""),
    clusterPort: listenPort,
    workload: defaultEndpoint(proxy, ingress.defaultEndpoint),
    service: services.find(({ ports }) => ports.some((port) => port.targetPort === listenPort)),
    servicePort: listenPort,
    sidecar,
    ingress,
  };
}

/** `127.0.0.1:8080`, `0.0.0.0:8080` (the proxy's own address) or `unix:///path`. */
function defaultEndpoint(
  proxy: Proxy,
  text: string,
): { readonly address: string; readonly port: number } | undefined {
  if (text.startsWith("unix://")) return { address: text, port: 0 };
  const colon = text.lastIndexOf(":");
  const port = parsePort(text.slice(colon + 1));
  if (colon === -1 || port === undefined) return undefined;
  const host = text.slice(0, colon);
  return { address: host === WILDCARD_ADDRESS ? ownAddress(proxy) : host, port };
}
