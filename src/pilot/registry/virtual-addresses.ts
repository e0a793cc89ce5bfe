// Automatic virtual addresses: the same host gets the same address in every pilot, before and after a restart, without any state.

/** 127.240.0.0/16: loopback, so Linux routes it without set-up and nothing outside can reach it. */
const PREFIX = "127.240";
/** Host parts 1 … 65534: .0.0 and .255.255 are the network's own. */
const HOST_PARTS = 65_534;

/**
 * An address for each of `hostnames` (duplicates allowed, any order), none of them in `reserved`. A host's address hangs on its name alone, unless another
 * name that sorts before it has the same hash: then it moves on. So with n hosts one that comes or goes moves another with
 * a chance of about n / 65,534. When all are taken the last names go without.
 */
export function allocateVirtualAddresses(
  hostnames: Iterable<string>,
  reserved: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const taken = new Set<number>();
  const addresses = new Map<string, string>();
  for (const hostname of [...new Set(hostnames)].sort()) {
    const part = freePart(hostname, taken, reserved);
    if (part === undefined) break;
    taken.add(part);
    addresses.set(hostname, addressOf(part));
  }
  return addresses;
}

function freePart(
  hostname: string,
  taken: ReadonlySet<number>,
  reserved: ReadonlySet<string>,
): number | undefined {
  const start = hash(hostname) % HOST_PARTS;
  for (let probe = 0; probe < HOST_PARTS; probe += 1) {
    const part = ((start + probe) % HOST_PARTS) + 1;
    if (!taken.has(part) && !reserved.has(addressOf(part))) return part;
  }
  return undefined;
}

function addressOf(part: number): string {
  return `${PREFIX}.${part >> 8}.${part & 0xff}`;
}

/** FNV-1a, 32 bits, with murmur3's finalizer: FNV alone leaves names that differ in the last letter side by side. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
