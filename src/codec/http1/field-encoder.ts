// The live fields of a block into an OutputBuffer: what was received goes out as whole runs of bytes, what was appended likewise.
import { CANONICAL_END, type HeaderBlock, OFFSETS } from "../header-block.ts";
import { latin1Bytes } from "../latin1.ts";
import type { OutputBuffer } from "../output-buffer.ts";

const CRLF = latin1Bytes("\r\n");
const COLON_SPACE = latin1Bytes(": ");

/**
 * Writes the live fields: neighbours that stand as we would write them are copied in one go, and with them what stands before the
 * first, head.bytes[prefixStart, prefixEnd), when it is to be written too.
 */
export function encodeFields(
  out: OutputBuffer,
  head: HeaderBlock,
  prefixStart = 0,
  prefixEnd = 0,
): void {
  const { keys, offsets, count, receivedCount } = head;
  let runStart = prefixStart;
  let runEnd = prefixEnd;
  let bytes = head.bytes;
  for (let i = 0; i < count; i += 1) {
    if (i === receivedCount) {
      if (runEnd > runStart) out.copy(bytes, runStart, runEnd);
      bytes = head.added.bytes;
      runStart = 0;
      runEnd = 0;
    }
    if (keys[i] === 0) continue;
    const start = offsets[i * OFFSETS] as number;
    const canonicalEnd = offsets[i * OFFSETS + CANONICAL_END] as number;
    if (start !== runEnd || canonicalEnd === 0) {
      if (runEnd > runStart) out.copy(bytes, runStart, runEnd);
      runStart = start;
      runEnd = start;
    }
    if (canonicalEnd === 0) encodeField(out, head, i, bytes);
    else runEnd = canonicalEnd;
  }
  if (runEnd > runStart) out.copy(bytes, runStart, runEnd);
}

function encodeField(out: OutputBuffer, head: HeaderBlock, i: number, bytes: Uint8Array): void {
  out.copy(bytes, head.nameStart(i), head.nameEnd(i));
  out.write(COLON_SPACE);
  out.copy(bytes, head.valueStart(i), head.valueEnd(i));
  out.write(CRLF);
}
