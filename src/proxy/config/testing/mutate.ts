// Real messages changed at random, for tests of what reads them.
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { randomMessage } from "#api/testing/random-message.ts";
import { below, type Random } from "#base/random.ts";
import { API_TYPE_NAMES } from "./extension-types.ts";

/** Changes one thing somewhere inside `message`: clears a field, or fills it with random content. */
export function mutate(message: ReflectMessage, random: Random): void {
  const set = message.fields.filter((field) => message.isSet(field));
  const messages = set.filter(
    (field) => field.message !== undefined && !field.message.typeName.startsWith("google."),
  );
  const inner = messages[below(random, Math.max(messages.length, 1))];
  if (inner !== undefined && below(random, 4) > 0) {
    if (inner.fieldKind === "message") {
      mutate(message.get(inner), random);
      return;
    }
    if (inner.fieldKind === "list") {
      const items = [...message.get(inner)] as ReflectMessage[];
      const item = items[below(random, items.length)];
      if (item !== undefined) mutate(item, random);
      return;
    }
  }
  const field = message.fields[below(random, message.fields.length)];
  if (field === undefined) return;
  const donor = reflect(
    message.desc,
    randomMessage(message.desc, random, { density: 0.5, maxDepth: 2, anyTypes: API_TYPE_NAMES }),
  );
  if (below(random, 2) === 0 || !donor.isSet(field)) message.clear(field);
  else if (field.fieldKind !== "list" && field.fieldKind !== "map")
    message.set(field, donor.get(field));
}
