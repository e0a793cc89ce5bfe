// The machine port on Linux and whatever else Node's own modules know of.

import { X509Certificate } from "node:crypto";
import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { availableParallelism, hostname, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { CertificateReading, Machine, PathState, TextReading } from "#base/machine.ts";
import { findPortHolder } from "./port-holder.ts";

const MAX_TEXT_CHARACTERS = 1024 * 1024;
/** A kernel configuration is some 300 KB. */
const MAX_UNPACKED_BYTES = 8 * 1024 * 1024;

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "EUNKNOWN";

function readText(path: string): TextReading {
  try {
    const raw = readFileSync(path);
    const text = (
      path.endsWith(".gz") ? gunzipSync(raw, { maxOutputLength: MAX_UNPACKED_BYTES }) : raw
    ).toString("utf8");
    return { kind: "read", text: text.slice(0, MAX_TEXT_CHARACTERS) };
  } catch (error) {
    const code = codeOf(error);
    return code === "ENOENT" ? { kind: "missing" } : { kind: "failed", code };
  }
}

function list(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function inspect(path: string): PathState {
  try {
    const stat = statSync(path);
    return {
      kind: stat.isDirectory() ? "folder" : stat.isFile() ? "file" : "other",
      mode: stat.mode & 0o777,
      ownerId: stat.uid,
      isWritable: mayAccess(path, constants.W_OK),
      isExecutable: mayAccess(path, constants.X_OK),
    };
  } catch (error) {
    const code = codeOf(error);
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "missing" } : { kind: "failed", code };
  }
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function readCertificates(path: string): CertificateReading {
  const reading = readText(path);
  if (reading.kind === "missing") return reading;
  if (reading.kind === "failed") return { kind: "failed", reason: reading.code };
  try {
    const certificates = [...reading.text.matchAll(PEM_CERTIFICATE)].map(([pem]) => {
      const { subject, validFrom, validTo } = new X509Certificate(pem);
      return {
        subject: subject.replaceAll("\n", ", "),
        notBeforeMs: Date.parse(validFrom),
        notAfterMs: Date.parse(validTo),
      };
    });
    if (certificates.length > 0) return { kind: "read", certificates };
    return { kind: "failed", reason: "it holds no PEM certificate" };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

export const systemMachine: Machine = {
  platform: process.platform,
  hostname: hostname(),
  userId: process.geteuid?.(),
  cpuCount: availableParallelism(),
  memoryBytes: totalmem(),
  runtimeVersion: Bun.version,
  redirectProbe: [process.execPath, fileURLToPath(new URL("./redirect-probe.ts", import.meta.url))],
  readText,
  list,
  inspect,
  freeBytes,
  portHolder: findPortHolder,
  readCertificates,
};
