// TLS of a Gateway server, with certificates from files on the gateway's machine.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type TransportSocket, TransportSocketSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type {
  TlsCertificateSchema,
  TlsParameters_TlsProtocol,
} from "#api/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { DownstreamTlsContextSchema } from "#api/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import {
  type ServerTLSSettings,
  ServerTLSSettings_TLSmode as TlsMode,
} from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import { file } from "../cluster/upstream-tls.ts";
import { packed } from "../messages.ts";

export function downstreamTls(tls: ServerTLSSettings): TransportSocket {
  const asksClient = tls.mode === TlsMode.MUTUAL || tls.mode === TlsMode.OPTIONAL_MUTUAL;
  const config = packed(DownstreamTlsContextSchema, {
    requireClientCertificate: tls.mode === TlsMode.MUTUAL,
    commonTlsContext: {
      tlsCertificates: certificates(tls),
      validationContextType: asksClient
        ? { case: "validationContext", value: { trustedCa: file(tls.caCertificates) } }
        : { case: undefined },
      tlsParams: {
        // Istio's numbers are Envoy's.
        tlsMinimumProtocolVersion: tls.minProtocolVersion as TlsParameters_TlsProtocol,
        tlsMaximumProtocolVersion: tls.maxProtocolVersion as TlsParameters_TlsProtocol,
        cipherSuites: tls.cipherSuites,
      },
      alpnProtocols: ["h2", "http/1.1"],
    },
  });
  return create(TransportSocketSchema, {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value: config },
  });
}

function certificates(tls: ServerTLSSettings): MessageInitShape<typeof TlsCertificateSchema>[] {
  const all = tls.tlsCertificates.length > 0 ? tls.tlsCertificates : [tls];
  return all.map(({ serverCertificate, privateKey }) => ({
    certificateChain: file(serverCertificate),
    privateKey: file(privateKey),
  }));
}
