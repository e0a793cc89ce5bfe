// The date format of HTTP (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
import { civilTime } from "#base/civil-time.ts";
import { latin1Bytes } from "#codec/latin1.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const two = (value: number): string => String(value).padStart(2, "0");

/** `wallMs` (since 1970) as an IMF-fixdate, in ASCII bytes. */
export function formatHttpDate(wallMs: number): Uint8Array {
  const { year, month, day, hour, minute, second, weekday } = civilTime(Math.floor(wallMs / 1000));
  const date = `${DAYS[weekday]}, ${two(day)} ${MONTHS[month - 1]} ${year}`;
  return latin1Bytes(`${date} ${two(hour)}:${two(minute)}:${two(second)} GMT`);
}
