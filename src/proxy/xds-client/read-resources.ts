// The resources of one update taken apart: decoded, parsed, and told apart into good and bad. Nothing is applied here.
//
// What Envoy 1.40 does with a response that holds a bad resource (seen): of CDS and LDS it takes the good ones and names the bad
// ("Error adding/updating cluster(s) a: …"), but takes nothing when one fails the validation of its fields; of EDS and RDS it
// takes those before the first bad one. Here the good ones are always taken and every bad one is named, with the path of the
// field: the same answer wherever Envoy's is defined, and no good resource is lost to a bad neighbour.
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { ACCEPTED } from "#xds/client/owner.ts";
import { formatRejected, type Parsed } from "../config/parsed.ts";

interface GoodResource<M, C> {
  readonly name: string;
  readonly config: C;
  readonly message: M;
  /** The resource's own version in delta, the response's in SotW. */
  readonly version: string;
}

export interface BadResource<M> {
  /** "" when it could not be decoded and the protocol does not say. */
  readonly name: string;
  /** undefined when it could not be decoded. */
  readonly message: M | undefined;
  readonly version: string;
  /** Path and fault. */
  readonly details: string;
}

export interface Resources<M, C> {
  readonly good: readonly GoodResource<M, C>[];
  readonly bad: BadResource<M>[];
}

/** How one type of resource is read. */
export interface Reader<D extends DescMessage, C> {
  readonly schema: D;
  nameOf(message: MessageShape<D>): string;
  parse(message: MessageShape<D>): Parsed<C>;
}

export function readResources<D extends DescMessage, C>(
  update: ResourceUpdate,
  reader: Reader<D, C>,
): Resources<MessageShape<D>, C> {
  const good: GoodResource<MessageShape<D>, C>[] = [];
  const bad: BadResource<MessageShape<D>>[] = [];
  const names = new Set<string>();
  for (const { name: wireName, version, body } of update.resources) {
    const message = decode(reader.schema, body);
    if (message === undefined) {
      bad.push({ name: wireName, message, version, details: "the message cannot be decoded" });
      continue;
    }
    const name = reader.nameOf(message);
    if (names.has(name)) {
      bad.push({ name, message, version, details: "duplicate resource name" });
      continue;
    }
    names.add(name);
    const parsed = reader.parse(message);
    if (parsed.kind === "parsed") good.push({ name, config: parsed.value, message, version });
    else bad.push({ name, message, version, details: formatRejected(parsed) });
  }
  return { good, bad };
}

function decode<D extends DescMessage>(schema: D, body: Uint8Array): MessageShape<D> | undefined {
  try {
    return fromBinary(schema, body);
  } catch {
    return undefined;
  }
}

/** Bad resources that a NACK tells of one by one; the rest is counted. A text of thousands helps nobody. */
const MAX_TOLD = 20;

/** ACK when nothing is bad, otherwise a NACK in Envoy's words: `Error adding/updating cluster(s) a: path: fault, b: …`. */
export function verdictOf(what: string, bad: readonly BadResource<unknown>[]): Verdict {
  if (bad.length === 0) return ACCEPTED;
  const told = bad.slice(0, MAX_TOLD).map(({ name, details }) => `${name}: ${details}`);
  if (bad.length > MAX_TOLD) told.push(`and ${bad.length - MAX_TOLD} more`);
  return {
    kind: "rejected",
    message: `Error adding/updating ${what} ${told.join(", ")}`,
    refused: new Set(bad.map((resource) => resource.name)),
  };
}
