// The proto's name of an enum value.

/** "STRICT_DNS"; the number of a value that is newer than our messages. */
export function enumName(values: Readonly<Record<string, string | number>>, value: number): string {
  const found = Object.entries(values).find(([, number]) => number === value);
  return found?.[0] ?? String(value);
}
