// Ages of objects by the time that the pilot tells.
import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { formatAge } from "#base/age.ts";

/** Of metadata.creationTimestamp. */
export function ageOf(timestamp: string | undefined, nowMs: number): string {
  if (timestamp === undefined) return "<unknown>";
  return formatAge(nowMs - timestampMs(fromJson(TimestampSchema, timestamp)));
}
