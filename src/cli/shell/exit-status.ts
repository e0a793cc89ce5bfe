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

/** What each means to the caller, for the reference pages. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done, also with warnings; stopped in order",
  failed: "failed, or the answer is no: stderr says what and why",
  preflight: "the preflight found errors",
  invalidConfiguration: "the configuration is not valid",
  usage: "the command line is wrong",
  unreadable: "a file or folder cannot be read",
  issuesFound: "the analysis found issues",
};
