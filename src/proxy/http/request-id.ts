// x-request-id values: UUIDv4, with the digit that Envoy keeps its trace decision in.
import type { Random } from "#base/random.ts";

export const REQUEST_ID_BYTES = 36;

const DASH = 45;

/** Two hexadecimal digits for each byte, high one first. */
const HEX = new Uint8Array(512);
for (let byte = 0; byte < 256; byte += 1) {
  const text = byte.toString(16).padStart(2, "0");
  HEX[byte * 2] = text.charCodeAt(0);
  HEX[byte * 2 + 1] = text.charCodeAt(1);
}

/** The four groups of 32 random bits of a UUID go to these places, two digits each. */
const PLACES = new Uint8Array([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]);

/** Writes a new id into `into`, which has REQUEST_ID_BYTES bytes. */
export function writeRequestId(random: Random, into: Uint8Array): void {
  for (let word = 0; word < 4; word += 1) {
    let bits = random.u32();
    // Version 4 also means "not traced" to Envoy, which writes 9, a or b there for traced requests.
    if (word === 1) bits = (bits & 0xffff0fff) | 0x4000;
    // The variant of RFC 9562: 8, 9, a or b.
    else if (word === 2) bits = (bits & 0x3fffffff) | 0x80000000;
    for (let byte = 0; byte < 4; byte += 1) {
      const digits = ((bits >>> (24 - byte * 8)) & 0xff) * 2;
      const at = PLACES[word * 4 + byte] as number;
      into[at] = HEX[digits] as number;
      into[at + 1] = HEX[digits + 1] as number;
    }
  }
  into[8] = DASH;
  into[13] = DASH;
  into[18] = DASH;
  into[23] = DASH;
}
