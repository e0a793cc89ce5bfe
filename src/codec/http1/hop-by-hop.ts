// What concerns one connection only and is never forwarded (RFC 9110 section 7.6.1).
import type { HeaderBlock } from "../header-block.ts";
import { latin1Bytes } from "../latin1.ts";
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

const TRAILERS = latin1Bytes("trailers");

/**
 * Removes connection, keep-alive, proxy-connection, transfer-encoding and upgrade, what Connection names, and TE but for "trailers".
 * The encoder puts back what an upgrade needs when the framing is "tunnel".
 */
export function removeHopByHop(head: HeaderBlock): void {
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
  reduceTe(head);
}

/** Removes the fields that the Connection field `i` names. */
function removeNominated(head: HeaderBlock, i: number): void {
  const options = new ListElements(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
  while (options.next()) {
    const { bytes, start, end } = options;
    // A request that names a protected field never came this far; an upstream's wish to hide one is not followed.
    if (isProtected(bytes, start, end) || equalsIgnoreCase(bytes, start, end, "te")) continue;
    for (let p = start; p < end; p += 1) bytes[p] = toLower(bytes[p] as number);
    head.removeNamed(bytes, start, end);
  }
}

/** Leaves of TE what may be asked of any upstream, "trailers", in the place of the field that lists it. */
function reduceTe(head: HeaderBlock): void {
  let keepsTrailers = false;
  let hasField = false;
  for (let i = head.find(TE); i !== -1; i = head.findNext(TE, i)) {
    if (head.valueIs(i, TRAILERS) && !hasField) {
      hasField = true;
      continue;
    }
    const codings = new ListElements(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
    while (codings.next()) {
      keepsTrailers ||= equalsIgnoreCase(codings.bytes, codings.start, codings.end, "trailers");
    }
    head.removeAt(i);
  }
  if (keepsTrailers && !hasField) head.append(TE, TRAILERS);
}
