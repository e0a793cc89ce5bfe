// Versions of programs: numbers, compared as far as their makers promise that they fit together.

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The first "1.4.5" or "v1.40" in the text. */
export function parseVersion(text: string): Version | undefined {
  const match = /(?:^|[^\d.])(\d{1,5})\.(\d{1,5})(?:\.(\d{1,7}))?/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
}

/** In minor versions; undefined when the major ones differ, which nothing is promised about. */
export function minorsApart(a: Version, b: Version): number | undefined {
  return a.major === b.major ? Math.abs(a.minor - b.minor) : undefined;
}

/** < 0: `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

export const formatVersion = ({ major, minor, patch }: Version): string =>
  `${major}.${minor}.${patch}`;
