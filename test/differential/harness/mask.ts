// Takes out what may differ between two runs of the same proxy: times, random ids, addresses. A value that has not the
// form it must have is left as it stands, so that it shows as a difference.
import type { WireMessage } from "./wire.ts";

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

const MASKS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^date: ${DAY}, \\d\\d ${MONTH} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT$`, "gm"), "date: *"],
  [new RegExp(`^x-request-id: ${UUID}$`, "gm"), "x-request-id: *"],
  [/^x-envoy-upstream-service-time: \d+$/gm, "x-envoy-upstream-service-time: *"],
  // What is left of the default timeout when an attempt starts.
  [
    /^x-envoy-expected-rq-timeout-ms: (?:14[5-9]\d\d|15000)$/gm,
    "x-envoy-expected-rq-timeout-ms: *",
  ],
];

/** Head lines end in `\n` afterwards: easier to read in a failed test. */
export function maskHead(head: string): string {
  let text = head.replaceAll("\r\n", "\n");
  for (const [pattern, mask] of MASKS) text = text.replace(pattern, mask);
  return text;
}

/** Long bodies by length and checksum: a failed test should fit on a screen. */
function shortBody(body: string): string {
  return body.length <= 400 ? body : `${body.length} bytes, hash ${Bun.hash(body)}`;
}

/** A message as text to compare. */
export function maskMessage(message: WireMessage): string {
  const trailers =
    message.trailers.length === 0 ? "" : `\n[trailers]\n${message.trailers.join("\n")}`;
  const cut = message.isComplete ? "" : "\n[cut]";
  const body = shortBody(message.body);
  return `${maskHead(message.head)}\n[${message.framing}] ${body}${trailers}${cut}`;
}
