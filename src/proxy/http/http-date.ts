// The date format of HTTP (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
] as const;

const encoder = new TextEncoder();
const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** `wallMs` (since 1970) as an IMF-fixdate, in ASCII bytes. */
export function formatHttpDate(wallMs: number): Uint8Array {
  const days = Math.floor(wallMs / 86_400_000);
  const seconds = Math.floor(wallMs / 1000) - days * 86_400;
  const { year, month, day } = civilDate(days);
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  // 1970-01-01 was a Thursday.
  const weekday = DAYS[(((days + 4) % 7) + 7) % 7];
  return encoder.encode(`${weekday}, ${two(day)} ${MONTHS[month - 1]} ${year} ${time} GMT`);
}

/** Days since 1970-01-01 as a date of the Gregorian calendar (Howard Hinnant's days-to-civil, in eras of 400 years from March). */
function civilDate(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}
