// Where a message ends, decided once a head, in the numbered order of RFC 9112 section 6.3.

/**
 * How the bytes after a head belong to it: none; content-length of them; chunks; all until the connection ends (responses only);
 * or everything in both directions from here on (CONNECT, an upgrade).
 */
export type Framing = "none" | "length" | "chunked" | "untilClose" | "tunnel";
