// Sidecar: ingress and egress listeners, selector, outbound policy.
import { ServerTLSSettings_TLSmode as Mode } from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import {
  CaptureMode,
  type IstioEgressListener,
  type IstioIngressListener,
  type OutboundTrafficPolicy,
  OutboundTrafficPolicy_Mode,
  type Sidecar,
} from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import { parseProtocol } from "../../../model/protocol.ts";
import { each, type Field } from "../field.ts";
import {
  checkIp,
  checkPort,
  checkPortName,
  checkProtocol,
  checkSelector,
  checkUnixPath,
  isDnsLabel,
  isDomain,
  isWildcardDomain,
  UNIX_PREFIX,
} from "../names.ts";
import { checkConnectionPool } from "./connection-pool.ts";
import { checkServerTls } from "./tls-settings.ts";

export function checkSidecar(sidecar: Sidecar, field: Field): void {
  if (sidecar.workloadSelector !== undefined) {
    const at = field.at("workloadSelector");
    checkSelector(sidecar.workloadSelector.labels, at, "every workload of the namespace");
  }
  const isEmpty = sidecar.egress.length === 0 && sidecar.ingress.length === 0;
  if (isEmpty && !sidecar.outboundTrafficPolicy && !sidecar.inboundConnectionPool) {
    field.error("must have ingress, egress, outboundTrafficPolicy or inboundConnectionPool");
  }
  const inbound = new Set<number>();
  each(sidecar.ingress, field.at("ingress"), (listener, at) => {
    checkIngress(listener, at);
    const number = listener.port?.number ?? 0;
    if (inbound.has(number))
      at.at("port", "number").must("be unique among the ingress listeners", number);
    inbound.add(number);
  });
  checkConnectionPool(sidecar.inboundConnectionPool, field.at("inboundConnectionPool"));
  checkEgressListeners(sidecar.egress, field.at("egress"));
  checkOutboundPolicy(sidecar.outboundTrafficPolicy, field.at("outboundTrafficPolicy"));
}

function checkIngress(listener: IstioIngressListener, field: Field): void {
  const { port, bind, tls, defaultEndpoint } = listener;
  if (bind !== "") checkIp(bind, field.at("bind"));
  checkDefaultEndpoint(defaultEndpoint, field.at("defaultEndpoint"));
  checkConnectionPool(listener.connectionPool, field.at("connectionPool"));
  if (port === undefined) {
    field.at("port").error("must be set");
    return;
  }
  checkSidecarPort(port, field.at("port"));
  checkPort(port.number, field.at("port", "number"));
  if (tls === undefined) return;
  const at = field.at("tls");
  checkServerTls(tls, at);
  if (!["HTTPS", "TLS"].includes(parseProtocol(port.protocol)))
    at.error("needs a port with protocol HTTPS or TLS");
  if (tls.mode === Mode.ISTIO_MUTUAL || tls.mode === Mode.AUTO_PASSTHROUGH) {
    at.at("mode").error("must be SIMPLE, MUTUAL or OPTIONAL_MUTUAL");
  }
  for (const name of [
    "subjectAltNames",
    "credentialName",
    "credentialNames",
    "tlsCertificates",
  ] as const) {
    if (tls[name].length > 0) at.at(name).error("cannot be set in a Sidecar");
  }
  if (tls.httpsRedirect) at.at("httpsRedirect").error("cannot be set in a Sidecar");
}

const LOCAL_HOSTS = new Set(["", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"]);

function checkDefaultEndpoint(endpoint: string, field: Field): void {
  if (endpoint === "") return;
  if (endpoint.startsWith(UNIX_PREFIX)) {
    checkUnixPath(endpoint, field);
    return;
  }
  const colon = endpoint.lastIndexOf(":");
  const port = endpoint.slice(colon + 1);
  if (colon === -1 || !LOCAL_HOSTS.has(endpoint.slice(0, colon)) || !/^\d+$/.test(port)) {
    field.must("be 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix://path", endpoint);
  } else {
    checkPort(Number(port), field);
  }
}

function checkSidecarPort(
  port: { readonly name: string; readonly protocol: string; readonly targetPort: number },
  field: Field,
): void {
  if (port.name !== "") checkPortName(port.name, field.at("name"));
  checkProtocol(port.protocol, field.at("protocol"));
  if (port.targetPort !== 0)
    field.at("targetPort").error("has no meaning for a Sidecar: leave it out");
}

function checkEgressListeners(listeners: readonly IstioEgressListener[], field: Field): void {
  const taken = new Set<string>();
  each(listeners, field, (listener, at, index) => {
    const { port, bind } = listener;
    if (port === undefined) {
      if (index !== listeners.length - 1)
        at.error("has no port: such a listener must be the last, and the only one");
    } else {
      checkEgressPort(listener, at);
      const place = port.number === 0 ? bind : String(port.number);
      if (taken.has(place)) at.at("port").must("be unique among the egress listeners", place);
      taken.add(place);
    }
    if (listener.hosts.length === 0) at.at("hosts").error('must have at least one, "*/*" for all');
    each(listener.hosts, at.at("hosts"), checkEgressHost);
    const named = new Set<string>();
    each(listener.hosts, at.at("hosts"), (host, entry) => {
      if (named.has(host)) entry.warn(`${JSON.stringify(host)} is named twice`);
      named.add(host);
    });
  });
}

function checkEgressPort({ port, bind, captureMode }: IstioEgressListener, field: Field): void {
  if (port === undefined) return;
  checkSidecarPort(port, field.at("port"));
  if (port.number !== 0) {
    checkPort(port.number, field.at("port", "number"));
    if (bind !== "") checkIp(bind, field.at("bind"));
    return;
  }
  if (!bind.startsWith(UNIX_PREFIX))
    field.at("bind").must("be unix://path when the port is 0", bind);
  else checkUnixPath(bind, field.at("bind"));
  if (captureMode === CaptureMode.IPTABLES)
    field.at("captureMode").error("must be DEFAULT or NONE for a Unix socket");
}

/** "namespace/host"; the namespace may be "*", "." or "~" (nothing), the host a wildcard. */
function checkEgressHost(text: string, field: Field): void {
  const [namespace = "", host, ...rest] = text.split("/");
  // "~ns/host" takes something out again.
  const name = namespace.replace(/^~/, "");
  const isNamespace =
    name === "" ? namespace === "~" : name === "*" || name === "." || isDnsLabel(name);
  if (rest.length > 0 || host === undefined || !isNamespace || !isWildcardDomain(host)) {
    field.must('be "namespace/host", for example "./*" or "istio-system/*"', text);
  }
}

function checkOutboundPolicy(policy: OutboundTrafficPolicy | undefined, field: Field): void {
  const proxy = policy?.egressProxy;
  if (proxy === undefined) return;
  const at = field.at("egressProxy");
  if (policy?.mode !== OutboundTrafficPolicy_Mode.ALLOW_ANY) at.error("needs mode ALLOW_ANY");
  if (!isDomain(proxy.host)) at.at("host").must("be a full host name", proxy.host);
  if (proxy.port === undefined) at.at("port").error("must be set");
  else checkPort(proxy.port.number, at.at("port", "number"));
}
