// What is said where there is no object of the name that somebody typed: what was meant, or what there is.
import { nearest } from "#base/nearest.ts";
import { type KindNames, namesOf } from "#pilot/model/kinds.ts";
import type { PilotAnswer } from "../client/pilot-client.ts";
import { plain } from "../shell/plain.ts";
import type { ObjectClient, ObjectName } from "./object-client.ts";

/** Names in a hint: enough to find the one that was meant. */
const MAX_NAMES = 10;

/** `namespace` undefined: it was looked for in all of them. */
export function missingObject(
  names: KindNames,
  name: string,
  namespace: string | undefined,
  known: readonly string[],
): string {
  const where = namespace === undefined ? "" : ` in namespace ${plain(namespace)}`;
  return `no ${names.singular} ${JSON.stringify(name)}${where}: ${hintOf(name, known)}`;
}

function hintOf(name: string, known: readonly string[]): string {
  if (known.length === 0) return "there is none";
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${plain(near)}?`;
  const more = known.length > MAX_NAMES ? ", …" : "";
  return `there are ${known
    .slice(0, MAX_NAMES)
    .map((each) => plain(each))
    .join(", ")}${more}`;
}

/** Why a question about one object has no answer; the pilot itself does not know what was meant. */
export async function whyNoObject(
  client: ObjectClient,
  { kind, namespace, name }: ObjectName,
  answer: Exclude<PilotAnswer<unknown>, { readonly kind: "answered" }>,
): Promise<string> {
  if (answer.kind !== "refused" || answer.status !== 404) return answer.message;
  const names = namesOf(kind);
  const listed = await client.list(names, namespace);
  const known = listed.kind === "answered" ? listed.value.map(({ metadata }) => metadata.name) : [];
  return missingObject(names, name, namespace, known);
}
