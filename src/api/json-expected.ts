// What a field takes, in words for a person who wrote something else.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Names of an enum shown before "…". */
const MAX_NAMES = 12;

const WELL_KNOWN: Readonly<Record<string, string>> = {
  "google.protobuf.Duration": 'a duration in seconds such as "1.5s"',
  "google.protobuf.Timestamp": 'a time such as "2026-01-31T12:00:00Z"',
  "google.protobuf.Struct": "an object",
  "google.protobuf.ListValue": "a list",
  "google.protobuf.Empty": "an empty object",
};

const SCALARS: Readonly<Partial<Record<ScalarType, string>>> = {
  [ScalarType.STRING]: "a string",
  [ScalarType.BOOL]: "true or false",
  [ScalarType.BYTES]: "base64 text",
  [ScalarType.DOUBLE]: "a number",
  [ScalarType.FLOAT]: "a number",
  [ScalarType.INT32]: "a whole number from -2147483648 to 2147483647",
  [ScalarType.SINT32]: "a whole number from -2147483648 to 2147483647",
  [ScalarType.SFIXED32]: "a whole number from -2147483648 to 2147483647",
  [ScalarType.UINT32]: "a whole number from 0 to 4294967295",
  [ScalarType.FIXED32]: "a whole number from 0 to 4294967295",
  [ScalarType.UINT64]: "a whole number from 0 to 2^64-1",
  [ScalarType.FIXED64]: "a whole number from 0 to 2^64-1",
};

/** "a whole number from 0 to 4294967295", "one of STATIC, EDS, …": fits after "must be". */
export function describeExpected(desc: DescField | DescMessage): string {
  if (desc.kind === "message") {
    const wrapped = desc.typeName.endsWith("Value") ? desc.fields[0] : undefined;
    return (
      WELL_KNOWN[desc.typeName] ?? (wrapped === undefined ? "an object" : describeExpected(wrapped))
    );
  }
  if (desc.enum !== undefined) {
    const names = desc.enum.values.map((value) => value.name);
    const more = names.length > MAX_NAMES ? ", …" : "";
    return `one of ${names.slice(0, MAX_NAMES).join(", ")}${more}`;
  }
  if (desc.scalar === undefined) return "an object";
  return SCALARS[desc.scalar] ?? "a whole number from -2^63 to 2^63-1";
}
