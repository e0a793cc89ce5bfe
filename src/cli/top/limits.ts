// Limits of `sampan top`: what is asked of the mesh, and kept of its answers.

/** Proxies that are asked: each answers a page every interval. */
export const MAX_PROXIES = 200;

/** Asked at the same time. */
export const MAX_CONCURRENT_POLLS = 16;

/** A proxy or pilot that hangs holds up the others' numbers no longer than this. */
export const POLL_TIMEOUT_MS = 2_000;

/** Clusters of one proxy; a proxy of the largest mesh that is aimed at has 10,000, of which it uses a few. */
export const MAX_CLUSTERS = 20_000;

/** Bins of one histogram: 90 a power of ten, up to 10^15. */
export const MAX_BINS = 1_400;

/** Rows of a table. */
export const MAX_ROWS = 1_000;

/** Samples of one proxy in a window: one a second for ten minutes. */
export const MAX_SAMPLES = 600;
