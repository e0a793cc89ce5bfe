// VirtualService: hosts, gateways, and that every route is a whole one.
import type {
  L4MatchAttributes,
  TLSMatchAttributes,
  VirtualService,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { isIp } from "#base/ip-address.ts";
import { hostsMatch, isSubsetOf, MESH_GATEWAY } from "../../../model/hostname.ts";
import { each, type Field } from "../field.ts";
import { checkLabels, checkPort, checkSubnet, isWildcardDomain } from "../names.ts";
import { checkDestinations } from "./destinations.ts";
import { checkExportTo } from "./export-to.ts";
import { checkGatewayName } from "./gateway-name.ts";
import { checkHttpRoute } from "./http-route.ts";

export function checkVirtualService(spec: VirtualService, namespace: string, field: Field): void {
  const isDelegate = spec.hosts.length === 0;
  if (isDelegate) checkDelegate(spec, field);
  else checkHosts(spec, field.at("hosts"));
  each(spec.gateways, field.at("gateways"), checkGatewayName);
  if (spec.http.length + spec.tcp.length + spec.tls.length === 0) {
    field.error("must have http, tcp or tls routes");
  }
  each(spec.http, field.at("http"), (route, at) => checkHttpRoute(route, isDelegate, at));
  each(spec.tls, field.at("tls"), (route, at) => {
    if (route.match.length === 0)
      at.at("match").error("must have at least one match with sniHosts");
    each(route.match, at.at("match"), (match, where) => {
      checkSniHosts(match, spec.hosts, where.at("sniHosts"));
      checkL4Match(match, where);
    });
    checkDestinations(route.route, at.at("route"));
  });
  each(spec.tcp, field.at("tcp"), (route, at) => {
    each(route.match, at.at("match"), checkL4Match);
    checkDestinations(route.route, at.at("route"));
  });
  checkExportTo(spec.exportTo, field.at("exportTo"), { namespace, allowsNobody: false });
}

/** Without hosts it only lends http routes to others. */
function checkDelegate(spec: VirtualService, field: Field): void {
  for (const name of ["gateways", "tls", "tcp"] as const) {
    if (spec[name].length > 0) {
      field
        .at(name)
        .error(
          "cannot be set without hosts: such a VirtualService is a delegate, of http routes only",
        );
    }
  }
}

function checkHosts(spec: VirtualService, field: Field): void {
  const isForMesh = spec.gateways.length === 0 || spec.gateways.includes(MESH_GATEWAY);
  each(spec.hosts, field, (host, at, index) => {
    if (!isWildcardDomain(host) && !isIp(host)) {
      at.must('be a host name, with "*" at most as its first label', host);
    } else if (host === "*" && isForMesh) {
      at.must("be narrower for sidecars: name hosts, or the gateways that it is for", host);
    }
    const earlier = spec.hosts.slice(0, index).find((other) => hostsMatch(other, host));
    if (earlier !== undefined) at.must(`not overlap with ${JSON.stringify(earlier)}`, host);
  });
}

function checkL4Match(match: L4MatchAttributes | TLSMatchAttributes, field: Field): void {
  each(match.destinationSubnets, field.at("destinationSubnets"), checkSubnet);
  if (match.port !== 0) checkPort(match.port, field.at("port"));
  checkLabels(match.sourceLabels, field.at("sourceLabels"));
  each(match.gateways, field.at("gateways"), checkGatewayName);
}

function checkSniHosts(match: TLSMatchAttributes, hosts: readonly string[], field: Field): void {
  if (match.sniHosts.length === 0) field.error("must have at least one host");
  each(match.sniHosts, field, (sniHost, at) => {
    if (isIp(sniHost)) {
      at.warn(`${JSON.stringify(sniHost)} is an IP address: clients do not send one as SNI`);
    } else if (!isWildcardDomain(sniHost)) {
      at.must("be a host name", sniHost);
    } else if (!hosts.some((host) => isSubsetOf(sniHost, host))) {
      at.must(`be within the hosts of the VirtualService (${hosts.join(", ")})`, sniHost);
    }
  });
}
