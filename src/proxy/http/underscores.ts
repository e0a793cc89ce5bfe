// Field names with an underscore: some origins take them for names with a hyphen, and so for a field that a proxy has checked.
import type { HeaderBlock } from "#codec/header-block.ts";

const UNDERSCORE = 95;

/** Removes the fields whose name has an underscore; says whether there was one. */
export function removeUnderscores(head: HeaderBlock): boolean {
  let hasRemoved = false;
  for (let i = 0; i < head.count; i += 1) {
    if (head.isRemoved(i)) continue;
    const at = head.bytesAt(i).indexOf(UNDERSCORE, head.nameStart(i));
    if (at === -1 || at >= head.nameEnd(i)) continue;
    head.removeAt(i);
    hasRemoved = true;
  }
  return hasRemoved;
}
