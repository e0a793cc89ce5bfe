// What the folder of a run holds now, for phases that start what it says.
import type { ConfigObject } from "#pilot/model/object.ts";
import type { UpSession } from "../session.ts";

export async function objectsOf(session: UpSession): Promise<readonly ConfigObject[]> {
  const opened = await session.openStore();
  return opened.kind === "opened" ? opened.store.list() : [];
}

/** "1 instance", "6 instances" */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
