// Limits of `sampan tap`: what it keeps of proxies that may be many, fast, or not what they seem.

/** Proxies that are looked at at once: each holds a connection. Who has more names some with --from. */
export const MAX_PROXIES = 64;

/** One request in JSON: two heads of at most 60 KiB each, every byte escaped. */
export const MAX_OBJECT_BYTES: number = 1024 * 1024;

/** A proxy that shows this many times what is wanted is asked for a share of its requests instead. */
export const OVERLOAD_FACTOR = 5;

/** As many characters of one value go into a line. */
export const MAX_VALUE_CHARACTERS = 512;

/** How often it is looked whether proxies have come or gone. */
export const LOOK_AGAIN_MS = 2_000;

/** Attaching to a proxy's admin page takes no longer. */
export const ATTACH_TIMEOUT_MS = 5_000;

/** Envoy notices only after a moment that a reader has gone, and lets the next one in then. */
export const REATTACH_MS = 200;
export const REATTACH_TRIES = 10;
