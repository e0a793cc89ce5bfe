// One secret of a configuration dump without what is secret in it: its name, whether it is there, and until when it is valid.
import { base64Decode } from "@bufbuild/protobuf/wire";
import { summarizeCertificate } from "./certificate.ts";
import { type DumpedObject, objectField, textField } from "./dumped-object.ts";
import type { CertificateSummary, SecretSummary } from "./proxy-configuration.ts";

/** `entry` of a list of SecretsConfigDump. Certificates are public; keys are never looked at (and Envoy redacts them). */
export function summarizeSecret(
  entry: DumpedObject,
  status: SecretSummary["status"],
): SecretSummary {
  const secret = objectField(entry, "secret") ?? {};
  const chain = certificateIn(objectField(secret, "tls_certificate"), "certificate_chain");
  const authority = certificateIn(objectField(secret, "validation_context"), "trusted_ca");
  return {
    name: textField(entry, "name") || textField(secret, "name"),
    status,
    type: chain !== undefined ? "Cert Chain" : authority !== undefined ? "CA" : "Other",
    certificate: (chain ?? authority)?.certificate,
  };
}

/** undefined: there is no such part; a certificate may be missing from it, when it stands in a file. */
function certificateIn(
  holder: DumpedObject | undefined,
  field: string,
): { readonly certificate: CertificateSummary | undefined } | undefined {
  const source = holder && objectField(holder, field);
  if (source === undefined) return undefined;
  const inline = textField(source, "inline_bytes");
  const pem = inline === "" ? textField(source, "inline_string") : decoded(inline);
  return { certificate: summarizeCertificate(pem) };
}

function decoded(base64: string): string {
  try {
    return new TextDecoder("latin1").decode(base64Decode(base64));
  } catch {
    return "";
  }
}
