// Puts parts into a report: each read on its own, freed of secrets, cut to a size, or named as missing with the reason.
import { redact } from "./redact.ts";

export type PartContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing"; readonly reason: string };

/** One file of the archive. */
export interface Part {
  /** Below the archive's folder, with `/` between parts. */
  readonly path: string;
  readonly read: () => Promise<PartContent> | PartContent;
  /** Which end is kept of what is too long: a log's last lines tell most. */
  readonly keeps?: "start" | "end";
  /** Not worth a word when it is missing. */
  readonly isOptional?: boolean;
}

export interface Collected {
  readonly files: ReadonlyMap<string, string>;
  /** In the order of the parts. */
  readonly entries: readonly CollectedEntry[];
}

export interface CollectedEntry {
  readonly path: string;
  readonly sizeBytes: number;
  /** Places where a secret stood. */
  readonly redactedCount: number;
  /** Why it is not in the archive; undefined when it is. */
  readonly missing: string | undefined;
}

export interface CollectLimits {
  readonly fileBytes: number;
  readonly totalBytes: number;
}

/** A configuration dump of a proxy in a mesh of a thousand services is about 4 MB; what people mail is at most some ten. */
export const COLLECT_LIMITS: CollectLimits = {
  fileBytes: 8 * 1024 * 1024,
  totalBytes: 128 * 1024 * 1024, // packed about a tenth of it
};

export async function collect(
  parts: readonly Part[],
  limits: CollectLimits = COLLECT_LIMITS,
): Promise<Collected> {
  const files = new Map<string, string>();
  const entries: CollectedEntry[] = [];
  let totalBytes = 0;
  for (const part of parts) {
    const content = await part.read();
    if (content.kind === "missing") {
      if (part.isOptional !== true) entries.push(missing(part, content.reason));
      continue;
    }
    // Before it is cut: half a private key would no longer look like one.
    const redacted = redact(content.text);
    const text = cut(redacted.text, limits.fileBytes, part.keeps ?? "start");
    const sizeBytes = byteLength(text);
    if (totalBytes + sizeBytes > limits.totalBytes) {
      entries.push(missing(part, `the report already holds ${totalBytes} bytes`));
      continue;
    }
    totalBytes += sizeBytes;
    files.set(part.path, text);
    entries.push({ path: part.path, sizeBytes, redactedCount: redacted.count, missing: undefined });
  }
  return { files, entries };
}

const missing = ({ path }: Part, reason: string): CollectedEntry => ({
  path,
  sizeBytes: 0,
  redactedCount: 0,
  missing: redact(reason).text,
});

const encoder = new TextEncoder();
const byteLength = (text: string): number => encoder.encode(text).byteLength;

function cut(text: string, maxBytes: number, keeps: "start" | "end"): string {
  const bytes = encoder.encode(text);
  if (bytes.byteLength <= maxBytes) return text;
  const left = bytes.byteLength - maxBytes;
  // Cut where a character begins: 10xxxxxx is inside one.
  const isInside = (index: number): boolean => ((bytes[index] ?? 0) & 0xc0) === 0x80;
  let at = keeps === "start" ? maxBytes : left;
  while (isInside(at)) at += keeps === "start" ? -1 : 1;
  const part = keeps === "start" ? bytes.subarray(0, at) : bytes.subarray(at);
  const note = `[${left} bytes left out here]`;
  const kept = new TextDecoder().decode(part);
  return keeps === "start" ? `${kept}\n${note}\n` : `${note}\n${kept}`;
}
