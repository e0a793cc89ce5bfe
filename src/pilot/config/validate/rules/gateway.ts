// Gateway: servers, their ports, hosts and TLS.
import {
  ServerTLSSettings_TLSmode as Mode,
  type Server,
} from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import type { Specs } from "../../../model/object.ts";
import { parseProtocol } from "../../../model/protocol.ts";
import { each, type Field } from "../field.ts";
import {
  checkIp,
  checkPort,
  checkProtocol,
  checkUnixPath,
  isDnsLabel,
  isWildcardDomain,
  UNIX_PREFIX,
} from "../names.ts";
import { checkServerTls } from "./tls-settings.ts";

export function checkGateway(gateway: Specs["Gateway"], field: Field): void {
  if (gateway.servers.length === 0) field.at("servers").error("must have at least one server");
  const names = new Set<string>();
  each(gateway.servers, field.at("servers"), (server, at) => {
    checkServer(server, at);
    const name = server.port?.name ?? "";
    if (name !== "" && names.has(name))
      at.at("port", "name").must("be unique in the gateway", name);
    names.add(name);
  });
}

function checkServer(server: Server, field: Field): void {
  if (server.hosts.length === 0) field.at("hosts").error("must have at least one host");
  each(server.hosts, field.at("hosts"), checkGatewayHost);
  checkServerTls(server.tls, field.at("tls"));
  const { port, bind } = server;
  const isUnix = bind.startsWith(UNIX_PREFIX);
  if (isUnix) checkUnixPath(bind, field.at("bind"));
  else if (bind !== "") checkIp(bind, field.at("bind"));
  if (port === undefined) return;
  const at = field.at("port");
  if (isUnix && port.number !== 0) at.at("number").must("be 0 for a Unix socket", port.number);
  if (!isUnix) checkPort(port.number, at.at("number"));
  if (port.name === "") at.at("name").error("must be set");
  if (port.targetPort !== 0)
    at.at("targetPort").error("has no meaning for a gateway: leave it out");
  if (port.protocol === "") at.at("protocol").error("must be set");
  checkProtocol(port.protocol, at.at("protocol"));
  checkTlsFitsPort(server, port.protocol, field);
}

function checkTlsFitsPort(server: Server, protocolName: string, field: Field): void {
  const protocol = parseProtocol(protocolName);
  const isTls = protocol === "HTTPS" || protocol === "TLS";
  const isHttp = ["HTTP", "HTTP2", "GRPC", "GRPC-Web"].includes(protocol);
  const { tls } = server;
  if (isTls && tls === undefined) field.at("tls").error(`must be set for protocol ${protocolName}`);
  if (tls === undefined) return;
  const isRedirectOnly =
    [tls.serverCertificate, tls.privateKey, tls.caCertificates].every((text) => text === "") &&
    (tls.mode === Mode.PASSTHROUGH || tls.mode === Mode.AUTO_PASSTHROUGH);
  if (isHttp && !isRedirectOnly)
    field.at("tls").error("may only have httpsRedirect on a plain HTTP port");
  if (!isTls && !isHttp)
    field.at("tls").error(`cannot be set for protocol ${protocolName}: use HTTPS or TLS`);
  if (tls.httpsRedirect && !isHttp) {
    field
      .at("tls", "httpsRedirect")
      .warn(`has no effect for protocol ${protocolName}: only HTTP is redirected`);
  }
}

/** "host", "namespace/host", "./host", "*" + "/host"; the host may be a wildcard. */
function checkGatewayHost(text: string, field: Field): void {
  const [first = "", second, ...rest] = text.split("/");
  const host = second ?? first;
  const namespace = second === undefined ? "*" : first;
  const isNamespace = namespace === "*" || namespace === "." || isDnsLabel(namespace);
  if (rest.length > 0 || !isNamespace || !isWildcardDomain(host)) {
    field.must('be a host or "namespace/host", the host with "*" at most as its first label', text);
  }
}
