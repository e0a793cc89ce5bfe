// TLS settings: of clients (DestinationRule) and of servers (Gateway, Sidecar).
import {
  ClientTLSSettings_TLSmode as ClientMode,
  type ClientTLSSettings,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import {
  ServerTLSSettings_TLSmode as ServerMode,
  type ServerTLSSettings,
} from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import type { Field } from "../field.ts";

export function checkClientTls(tls: ClientTLSSettings | undefined, field: Field): void {
  if (tls === undefined) return;
  const isSimple = tls.mode === ClientMode.SIMPLE;
  const isMutual = tls.mode === ClientMode.MUTUAL;
  if (tls.insecureSkipVerify === true && (isSimple || isMutual)) {
    const at = field.at("insecureSkipVerify");
    const names = tls.caCertificates !== "" || tls.subjectAltNames.length > 0;
    if (names || (isSimple && tls.credentialName !== "")) {
      at.error("cannot be true together with caCertificates, credentialName or subjectAltNames");
    }
  }
  if (tls.credentialName !== "" && (isSimple || isMutual)) {
    for (const name of ["clientCertificate", "privateKey", "caCertificates", "caCrl"] as const) {
      if (tls[name] !== "")
        field.at(name).error("set together with credentialName: only one may be");
    }
    return;
  }
  if (!isMutual) return;
  for (const name of ["clientCertificate", "privateKey"] as const) {
    if (tls[name] === "") field.at(name).error("must be set for mode MUTUAL");
  }
}

/** Where a server's certificate may come from. */
const SOURCES = [
  "credentialName",
  "credentialNames",
  "serverCertificate",
  "tlsCertificates",
] as const;
const CERTIFICATE_FIELDS = [...SOURCES, "privateKey", "caCertificates", "caCrl"] as const;

export function checkServerTls(tls: ServerTLSSettings | undefined, field: Field): void {
  if (tls === undefined) return;
  const used = CERTIFICATE_FIELDS.filter((name) => tls[name].length > 0);
  if (tls.mode === ServerMode.ISTIO_MUTUAL) {
    for (const name of used) field.at(name).error("cannot be set for mode ISTIO_MUTUAL");
    return;
  }
  if (tls.mode === ServerMode.PASSTHROUGH || tls.mode === ServerMode.AUTO_PASSTHROUGH) {
    for (const name of used)
      field.at(name).warn("is not used: mode PASSTHROUGH shows no certificate");
    return;
  }
  const [first, second] = SOURCES.filter((name) => tls[name].length > 0);
  if (first !== undefined && second !== undefined) {
    field.at(second).error(`set together with ${first}: only one may be`);
  }
  if (tls.caCrl !== "" && (tls.credentialName !== "" || tls.mode === ServerMode.SIMPLE)) {
    field.at("caCrl").error("cannot be set with credentialName or for mode SIMPLE");
  }
  if (tls.credentialName !== "" || tls.credentialNames.length > 0) return;
  if (tls.mode !== ServerMode.SIMPLE && tls.caCertificates === "") {
    field.at("caCertificates").error("must be set for mode MUTUAL or OPTIONAL_MUTUAL");
  }
  checkCertificates(tls, field);
}

function checkCertificates(tls: ServerTLSSettings, field: Field): void {
  const inList = tls.tlsCertificates.length > 0;
  const pairs = inList ? tls.tlsCertificates : [tls];
  pairs.forEach((pair, i) => {
    for (const name of ["serverCertificate", "privateKey"] as const) {
      const at = inList ? field.at("tlsCertificates", i, name) : field.at(name);
      if (pair[name] === "") at.error("must be set, or credentialName instead");
    }
  });
  if (tls.tlsCertificates.length > 2) {
    field
      .at("tlsCertificates")
      .warn("has more than two certificates: one RSA and one ECDSA are used");
  }
}
