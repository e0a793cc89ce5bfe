// The Date header of an HTTP answer (RFC 9110, 5.6.7) as a moment, without the system's own date type.
import { daysFromCivil } from "#base/civil-time.ts";
import { formatRfc3339 } from "#base/rfc3339.ts";

const MONTHS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];
const PREFERRED = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** "Sun, 06 Nov 1994 08:49:37 GMT" -> milliseconds since 1970; the two obsolete forms are not understood. */
export function parseHttpDateMs(text: string): number | undefined {
  const match = PREFERRED.exec(text);
  if (match === null) return undefined;
  const month = MONTHS.indexOf(match[2] ?? "") + 1;
  if (month === 0) return undefined;
  const [day = 0, year = 0, hour = 0, minute = 0, second = 0] = [1, 3, 4, 5, 6].map((group) =>
    Number(match[group]),
  );
  const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
  return seconds * 1_000;
}

/** "2026-11-24" */
export const formatDay = (wallMs: number): string => formatRfc3339(wallMs).slice(0, 10);
