// Certificates that the configuration names: there, and valid for long enough.
import type { Machine } from "#base/machine.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  PASSED,
} from "../check.ts";
import { formatDay } from "../http-date.ts";
import type { NamedFile, PreflightSettings } from "../settings.ts";

export const CERT_EXPIRY: CheckDescription = {
  name: "CertExpiry",
  category: "files",
  severity: "error",
  summary: "certificates that the configuration names are there, and valid for 60 days more",
  why: "With an expired certificate every handshake fails, all at the same moment.",
  fix: "renew the certificate",
};

/** What linkerd warns at: time for people to act. */
const EXPIRY_WARNING_MS = 60 * 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

function certificateFindings(
  machine: Machine,
  { path, namedBy }: NamedFile,
  nowMs: number,
): { errors: Finding[]; warnings: Finding[] } {
  const where = `${path} (${namedBy})`;
  const reading = machine.readCertificates(path);
  if (reading.kind === "missing") {
    const fix = "put the certificate there, or correct the path";
    return { errors: [{ message: `${where} doesn't exist`, fix }], warnings: [] };
  }
  if (reading.kind === "failed") {
    const message = `${where} could not be read: ${reading.reason}`;
    return { errors: [{ message, fix: "correct the file or its mode" }], warnings: [] };
  }
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  for (const { subject, notBeforeMs, notAfterMs } of reading.certificates) {
    const of = `certificate ${subject} of ${where}`;
    if (notAfterMs <= nowMs) {
      errors.push({ message: `${of} expired on ${formatDay(notAfterMs)}`, fix: CERT_EXPIRY.fix });
    } else if (notBeforeMs > nowMs) {
      const message = `${of} is not valid before ${formatDay(notBeforeMs)}`;
      errors.push({ message, fix: "check the clock of this machine, and that of the issuer" });
    } else if (notAfterMs - nowMs < EXPIRY_WARNING_MS) {
      const days = Math.floor((notAfterMs - nowMs) / DAY_MS);
      const message = `${of} expires on ${formatDay(notAfterMs)}, in ${days} days`;
      warnings.push({ message, fix: CERT_EXPIRY.fix });
    }
  }
  return { errors, warnings };
}

export function certExpiryCheck({ certificates }: PreflightSettings): Check {
  return {
    ...CERT_EXPIRY,
    run({ machine, clock }: CheckPorts) {
      if (certificates.length === 0) return PASSED;
      const nowMs = clock.wallMs();
      const found = certificates.map((file) => certificateFindings(machine, file, nowMs));
      return {
        errors: found.flatMap(({ errors }) => errors),
        warnings: found.flatMap(({ warnings }) => warnings),
      };
    },
  };
}
