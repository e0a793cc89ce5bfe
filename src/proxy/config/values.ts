// Small values that many messages hold: durations, percentages, random shares, plain JSON.
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Metadata } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercent as FractionalPercentMessage,
} from "#api/envoy/type/v3/percent_pb.ts";
import { latin1 } from "#codec/latin1.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { FractionalPercent } from "./fault-config.ts";
import type { Field } from "./field.ts";

/** The longest duration that timers and deadlines are asked to hold: about 285 years, where milliseconds are still exact. */
const MAX_DURATION_MS = 9e12;

/** Milliseconds; `otherwise` when unset. Fractions are kept. */
export function durationMs<T>(at: Field, duration: Duration | undefined, otherwise: T): number | T {
  if (duration === undefined) return otherwise;
  const ms = Number(duration.seconds) * 1000 + duration.nanos / 1e6;
  if (ms < 0 || duration.nanos < 0) {
    at.reject(`Invalid duration: expected positive duration: got ${ms / 1000}s`);
  } else if (ms > MAX_DURATION_MS) {
    at.reject(`Invalid duration: at most ${MAX_DURATION_MS / 1000}s: got ${ms / 1000}s`);
  }
  return ms;
}

/** Milliseconds; undefined for "0s", which turns a timeout off, and `otherwise` when unset. */
export function timeoutMs<T>(
  at: Field,
  duration: Duration | undefined,
  otherwise: T,
): number | undefined | T {
  const ms = durationMs(at, duration, otherwise);
  return ms === 0 ? undefined : ms;
}

export function fractionalPercent(message: FractionalPercentMessage): FractionalPercent {
  return { numerator: message.numerator, denominator: denominatorOf(message.denominator) };
}

function denominatorOf(denominator: Denominator): FractionalPercent["denominator"] {
  switch (denominator) {
    case Denominator.TEN_THOUSAND:
      return 10_000;
    case Denominator.MILLION:
      return 1_000_000;
    default:
      return 100;
  }
}

const encoder = new TextEncoder();

/** Text that goes onto the wire: its UTF-8 bytes, one a character, which is what heads and paths are made of. */
export function byteText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is its own bytes
  if (/^[\u0000-\u007f]*$/.test(text)) return text;
  const bytes = encoder.encode(text);
  return latin1(bytes, 0, bytes.length);
}

/** `filter_metadata`: already plain JSON. */
export function filterMetadata(
  metadata: Metadata | undefined,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return metadata?.filterMetadata ?? {};
}

/** Equal hashes mean equal messages. */
export function hashOf<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): string {
  return contentVersion(toBinary(schema, message));
}
