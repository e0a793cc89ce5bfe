// Versions from content: equal bytes have equal versions, on every pilot and after every restart.

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");

function finish(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * A 64-bit hash of `bytes` as 16 hexadecimal digits: two murmur3-like lanes with different multipliers, crossed at the end.
 * Against chance, not against an attacker: whoever writes the configuration would only fool himself.
 */
export function contentVersion(bytes: Uint8Array): string {
  let a = 0x9e3779b9 ^ bytes.length;
  let b = 0x85ebca6b ^ bytes.length;
  const whole = bytes.length & ~3;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < whole; i += 4) {
    const word = view.getInt32(i, true);
    a ^= Math.imul(word, 0xcc9e2d51);
    a = Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64;
    b ^= Math.imul(word, 0x1b873593);
    b = Math.imul((b << 15) | (b >>> 17), 9) + 0x38b34ae5;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= whole; i -= 1) tail = (tail << 8) | (bytes[i] ?? 0);
  a ^= Math.imul(tail, 0xcc9e2d51);
  b ^= Math.imul(tail, 0x1b873593);
  a = finish(a ^ (b >>> 7));
  b = finish(b ^ Math.imul(a, 0x9e3779b1));
  return hex(a) + hex(b);
}

/** Two FNV-1a lanes over a version's characters. */
function lanes(version: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < version.length; i += 1) {
    const c = version.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x5bd1e995);
  }
  return [finish(a), finish(b)];
}

/**
 * The version of a set of resources: the sum of the hashes of its members' versions. A sum does not depend on order and
 * follows one changed member without looking at the others, so that an endpoint change costs one addition, not a walk over a
 * thousand names. Members' names need no place in it: a version is a hash of the content, which holds the name.
 */
export class SetVersion {
  #a = 0;
  #b = 0;
  #count = 0;

  add(version: string): void {
    const [a, b] = lanes(version);
    this.#a = (this.#a + a) | 0;
    this.#b = (this.#b + b) | 0;
    this.#count += 1;
  }

  remove(version: string): void {
    const [a, b] = lanes(version);
    this.#a = (this.#a - a) | 0;
    this.#b = (this.#b - b) | 0;
    this.#count -= 1;
  }

  /** 16 hexadecimal digits; never "", which in SotW means "nothing accepted yet". */
  toString(): string {
    return hex(finish(this.#a ^ this.#count)) + hex(finish(this.#b));
  }
}
