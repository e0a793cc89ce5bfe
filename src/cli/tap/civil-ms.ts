// RFC 3339 in UTC, as protobuf's JSON writes moments -> milliseconds since 1970, fractions kept.
import { daysFromCivil } from "#base/civil-time.ts";

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z$/;

/** undefined when `value` is no such text. */
export function parseCivilMs(value: unknown): number | undefined {
  const match = typeof value === "string" ? MOMENT.exec(value) : null;
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  return seconds * 1000 + Number(`0${match[7] ?? ""}`) * 1000;
}
