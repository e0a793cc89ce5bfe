// Moments as text, RFC 3339 in UTC, as protobuf's JSON, Kubernetes and container logs write them.
import { civilTime, daysFromCivil } from "./civil-time.ts";

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z$/;

/** Milliseconds since 1970, fractions kept; undefined when `value` is no such text. */
export function parseRfc3339Ms(value: unknown): number | undefined {
  const match = typeof value === "string" ? MOMENT.exec(value) : null;
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  return seconds * 1000 + Number(`0${match[7] ?? ""}`) * 1000;
}

const digits = (value: number, width: number): string => String(value).padStart(width, "0");

/** "2026-11-24T00:29:37.012Z", for years of four digits. */
export function formatRfc3339(wallMs: number): string {
  const ms = Math.floor(wallMs);
  const time = civilTime(Math.floor(ms / 1000));
  const date = [digits(time.year, 4), digits(time.month, 2), digits(time.day, 2)].join("-");
  const clock = [time.hour, time.minute, time.second].map((part) => digits(part, 2)).join(":");
  return `${date}T${clock}.${digits(((ms % 1000) + 1000) % 1000, 3)}Z`;
}
