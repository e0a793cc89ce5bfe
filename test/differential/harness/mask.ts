// Takes out what may differ between two runs of the same proxy: times, random ids, addresses. A value that has not the
// form it must have is left as it stands, so that it shows as a difference.
import { networkInterfaces } from "node:os";
import type { WireMessage } from "./wire.ts";

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/** What Envoy adds to x-forwarded-for for a client on this machine: the machine's address. Ours adds the one that it listens on. */
const MACHINE_ADDRESS: string =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
const OWN_ADDRESS = `(?:${MACHINE_ADDRESS.replaceAll(".", "\\.")}|127\\.77\\.40\\.\\d+)`;

const MASKS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^date: ${DAY}, \\d\\d ${MONTH} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT$`, "gm"), "date: *"],
  [new RegExp(`^x-request-id: ${UUID}$`, "gm"), "x-request-id: *"],
  [/^x-envoy-upstream-service-time: \d+$/gm, "x-envoy-upstream-service-time: *"],
  [new RegExp(`^(x-forwarded-for: (?:.*,)?)${OWN_ADDRESS}$`, "gm"), "$1*"],
  // What is left of the default timeout when an attempt starts.
  [
    /^x-envoy-expected-rq-timeout-ms: (?:14[5-9]\d\d|15000)$/gm,
    "x-envoy-expected-rq-timeout-ms: *",
  ],
];

/** Head lines end in `\n` afterwards: easier to read in a failed test. */
function maskHead(head: string): string {
  let text = head.replaceAll("\r\n", "\n");
  for (const [pattern, mask] of MASKS) text = text.replace(pattern, mask);
  return text;
}

/** Long bodies by length and checksum: a failed test should fit on a screen. */
function shortBody(body: string): string {
  return body.length <= 400 ? body : `${body.length} bytes, hash ${Bun.hash(body)}`;
}

/** Fields by name, each name's in their order: RFC 9110 section 5.3 gives the order of different names no meaning. */
function sortFields(head: string): string {
  const [startLine = "", ...fields] = head.split("\n");
  const nameOf = (field: string): string => field.slice(0, field.indexOf(":"));
  const sorted = fields.toSorted((a, b) =>
    nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0,
  );
  return [startLine, ...sorted].join("\n");
}

/** A message as text to compare. */
export function maskMessage(message: WireMessage, anyFieldOrder: boolean): string {
  const head = anyFieldOrder ? sortFields(maskHead(message.head)) : maskHead(message.head);
  const trailers =
    message.trailers.length === 0 ? "" : `\n[trailers]\n${message.trailers.join("\n")}`;
  const cut = message.isComplete ? "" : "\n[cut]";
  const body = shortBody(message.body);
  return `${head}\n[${message.framing}] ${body}${trailers}${cut}`;
}
