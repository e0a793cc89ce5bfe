// The live fields of a block into an OutputBuffer: what was received goes out as whole runs of bytes, what was appended likewise.
import { type HeaderBlock, SLOT, SLOT_SIZE } from "../header-block.ts";
import { latin1Bytes } from "../latin1.ts";
import type { OutputBuffer } from "../output-buffer.ts";

const CRLF = latin1Bytes("\r\n");
const COLON_SPACE = latin1Bytes(": ");

/** Writes the live fields: neighbours that stand as we would write them are copied in one go. */
export function encodeFields(out: OutputBuffer, head: HeaderBlock): void {
  const { slots, count, receivedCount } = head;
  let runStart = 0;
  let runEnd = 0;
  let bytes = head.bytes;
  for (let i = 0; i < count; i += 1) {
    if (i === receivedCount) {
      if (runEnd > runStart) out.copy(bytes, runStart, runEnd);
      bytes = head.added.bytes;
      runStart = 0;
      runEnd = 0;
    }
    const slot = i * SLOT_SIZE;
    if (slots[slot + SLOT.key] === 0) continue;
    const start = slots[slot] as number;
    const canonicalEnd = slots[slot + SLOT.canonicalEnd] as number;
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
