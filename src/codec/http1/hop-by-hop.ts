// What concerns one connection only and is never forwarded (RFC 9110 section 7.6.1).
import type { HeaderBlock } from "../header-block.ts";
import { equalsIgnoreCase, toLower } from "./character-class.ts";
import { isProtected } from "./connection-options.ts";
import {
  CONNECTION,
  KEEP_ALIVE,
  PROXY_CONNECTION,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from "./field-names.ts";
import { ListElements } from "./list-elements.ts";

/**
 * Removes connection, keep-alive, proxy-connection, transfer-encoding and upgrade, what Connection names, and TE but for "trailers".
 * The encoder puts back what an upgrade needs when the framing is "tunnel".
 */
export function removeHopByHop(head: HeaderBlock): void {
  const keepsTrailers = acceptsTrailers(head);
  if (head.nominatesFields) {
    for (let i = head.find(CONNECTION); i !== -1; i = head.findNext(CONNECTION, i)) {
      removeNominated(head, i);
    }
  }
  head.remove(CONNECTION);
  head.remove(KEEP_ALIVE);
  head.remove(PROXY_CONNECTION);
  head.remove(TRANSFER_ENCODING);
  head.remove(UPGRADE);
  if (head.remove(TE) && keepsTrailers) head.append(TE, "trailers");
}

/** Removes the fields that the Connection field `i` names. */
function removeNominated(head: HeaderBlock, i: number): void {
  const options = new ListElements(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
  while (options.next()) {
    const { bytes, start, end } = options;
    // A request that names a protected field never came this far; an upstream's wish to hide one is not followed.
    if (isProtected(bytes, start, end)) continue;
    for (let p = start; p < end; p += 1) bytes[p] = toLower(bytes[p] as number);
    head.removeNamed(bytes, start, end);
  }
}

/** Whether a TE field lists "trailers". */
function acceptsTrailers(head: HeaderBlock): boolean {
  for (let i = head.find(TE); i !== -1; i = head.findNext(TE, i)) {
    const codings = new ListElements(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
    while (codings.next()) {
      if (equalsIgnoreCase(codings.bytes, codings.start, codings.end, "trailers")) return true;
    }
  }
  return false;
}
