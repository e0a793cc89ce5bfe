// Limits of access logs, each with its reason.

/** A sink hands its lines over once it holds this much. Envoy: 64 KiB (file_flush_min_size). */
export const FLUSH_BYTES: number = 64 * 1024;

/** How long a line waits at most. Envoy: 10 s (--file-flush-interval-msec). */
export const FILE_FLUSH_MS = 10_000;
/** People watch a terminal, and a supervisor's pipe is read line by line. */
export const STDOUT_FLUSH_MS = 1_000;

/** Bytes that the system has not taken yet; beyond it lines are dropped and counted, since traffic must not wait for a log. */
export const MAX_BACKLOG_BYTES: number = 8 * 1024 * 1024;
