// The machine port on Linux and whatever else Node's own modules know of.
import { X509Certificate } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
} from "node:fs";
import { availableParallelism, hostname, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { CertificateReading, Machine, PathState, TextReading } from "#base/machine.ts";
import { findPortHolder } from "./port-holder.ts";

const MAX_TEXT_CHARACTERS = 1024 * 1024;
/** As many characters of UTF-8, in bytes at most. */
const MAX_TEXT_BYTES = 4 * MAX_TEXT_CHARACTERS;
/** A kernel configuration is some 300 KB. */
const MAX_UNPACKED_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "EUNKNOWN";

/** Up to the end or the limit: files of the kernel do not tell their size. */
function readUpTo(descriptor: number, limitBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limitBytes) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const count = readSync(descriptor, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  return Buffer.concat(chunks);
}

/** undefined: a pipe or a device, which a configuration may name by mistake and which may keep us waiting for ever. */
function readRegular(path: string): Buffer | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    // Reading a folder says EISDIR.
    if (!stat.isFile() && !stat.isDirectory()) return undefined;
    return readUpTo(descriptor, MAX_TEXT_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

function readText(path: string): TextReading {
  try {
    const raw = readRegular(path);
    if (raw === undefined) return { kind: "failed", code: "no regular file" };
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
