// Exit statuses of every command: stable, and documented in docs/reference/exit-status.md.

export const EXIT = {
  ok: 0,
  failed: 1,
  /** Preflight found errors. */
  preflight: 2,
  /** The configuration is not valid. */
  invalidConfiguration: 3,
  /** The command line is wrong (sysexits.h EX_USAGE, as istioctl). */
  usage: 64,
  /** A file cannot be read (EX_DATAERR, as istioctl). */
  unreadable: 65,
  /** `analyze` found issues (as istioctl). */
  issuesFound: 79,
} as const;
