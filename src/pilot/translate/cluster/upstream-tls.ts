// DestinationRule tls -> TLS towards the endpoints, with certificates from files on the proxy's machine.
// ISTIO_MUTUAL needs a certificate authority, which sampan does not have yet: such clusters stay plain text (see README).
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type TransportSocket, TransportSocketSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type {
  CertificateValidationContextSchema,
  SubjectAltNameMatcherSchema,
} from "#api/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { SubjectAltNameMatcher_SanType } from "#api/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { UpstreamTlsContextSchema } from "#api/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import {
  type ClientTLSSettings,
  ClientTLSSettings_TLSmode as TlsMode,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Service } from "../../model/service.ts";
import { packed } from "../messages.ts";

/** Whether connections of the cluster are TLS that the proxy itself starts. */
export function originatesTls(tls: ClientTLSSettings | undefined): tls is ClientTLSSettings {
  return tls?.mode === TlsMode.SIMPLE || tls?.mode === TlsMode.MUTUAL;
}

export function upstreamTls(
  tls: ClientTLSSettings,
  service: Service,
  speaksHttp2: boolean,
): TransportSocket {
  const config = packed(UpstreamTlsContextSchema, {
    sni: tls.sni,
    commonTlsContext: {
      tlsCertificates:
        tls.mode === TlsMode.MUTUAL
          ? [{ certificateChain: file(tls.clientCertificate), privateKey: file(tls.privateKey) }]
          : [],
      validationContextType: { case: "validationContext", value: validation(tls, service) },
      alpnProtocols: speaksHttp2 ? ["h2"] : [],
    },
  });
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value: config },
  });
}

/** Names that the certificate must carry: the rule's, else the service's. */
export function requiredNames(tls: ClientTLSSettings, service: Service): readonly string[] {
  return tls.subjectAltNames.length > 0 ? tls.subjectAltNames : service.subjectAltNames;
}

function validation(
  tls: ClientTLSSettings,
  service: Service,
): MessageInitShape<typeof CertificateValidationContextSchema> {
  if (tls.insecureSkipVerify === true) return {};
  const matchTypedSubjectAltNames = requiredNames(tls, service).map(exactName);
  return tls.caCertificates === ""
    ? { systemRootCerts: {}, matchTypedSubjectAltNames }
    : { trustedCa: file(tls.caCertificates), matchTypedSubjectAltNames };
}

function exactName(name: string): MessageInitShape<typeof SubjectAltNameMatcherSchema> {
  const isUri = name.includes("://");
  return {
    sanType: isUri ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS,
    matcher: { matchPattern: { case: "exact", value: name } },
  };
}

export function file(path: string): { specifier: { case: "filename"; value: string } } {
  return { specifier: { case: "filename", value: path } };
}
