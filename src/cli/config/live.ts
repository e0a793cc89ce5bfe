// Waiting until an object, or its removal, is in force on every connected proxy.
import { objectKey } from "#pilot/model/object.ts";
import type { Liveness, ProxyLiveness } from "#pilot/push/liveness.ts";
import type { PilotAnswer } from "../client/pilot-client.ts";
import { plain } from "../shell/plain.ts";
import type { Shell } from "../shell/shell.ts";
import { whyNoObject } from "./missing-object.ts";
import type { ObjectClient, ObjectName } from "./object-client.ts";

export type WaitOutcome =
  | { readonly kind: "live"; readonly liveness: Liveness }
  /** A proxy refused a resource of the object: waiting longer helps nobody. */
  | { readonly kind: "rejected"; readonly liveness: Liveness }
  | { readonly kind: "timeout"; readonly liveness: Liveness }
  | { readonly kind: "failed"; readonly message: string };

/** A push takes a tenth of a second or so: a question in between is no load. */
const POLL_MS = 100;

export interface WaitFor {
  readonly object: ObjectName;
  /** false: until it is gone everywhere. */
  readonly exists: boolean;
}

export async function waitUntilLive(
  shell: Shell,
  client: ObjectClient,
  wanted: WaitFor,
  timeoutMs: number,
): Promise<WaitOutcome> {
  const untilMs = shell.clock.nowMs() + timeoutMs;
  const key = objectKey(wanted.object);
  for (;;) {
    const answer = await client.liveness(key);
    if (answer.kind !== "answered") return notAnswered(client, answer, wanted);
    const liveness = answer.value;
    const isWanted = liveness.exists === wanted.exists;
    if (isWanted && liveness.state === "live") return { kind: "live", liveness };
    if (isWanted && liveness.state === "rejected") return { kind: "rejected", liveness };
    if (shell.clock.nowMs() >= untilMs) return { kind: "timeout", liveness };
    await new Promise<void>((resolve) => shell.timers.after(POLL_MS, resolve));
  }
}

async function notAnswered(
  client: ObjectClient,
  answer: Exclude<PilotAnswer<unknown>, { readonly kind: "answered" }>,
  { object, exists }: WaitFor,
): Promise<WaitOutcome> {
  // Nobody ever heard of it: it is nowhere.
  if (answer.kind === "refused" && answer.status === 404 && !exists) {
    const nowhere = { revision: undefined, state: "live", live: 0, total: 0, proxies: [] } as const;
    return { kind: "live", liveness: { object: objectKey(object), exists: false, ...nowhere } };
  }
  return { kind: "failed", message: await whyNoObject(client, object, answer) };
}

/** "live on 7 of 7 proxies" */
export function livenessText({ exists, live, total }: Liveness): string {
  if (total === 0) return exists ? "written; no proxy is connected" : "gone; no proxy is connected";
  return `${exists ? "live" : "gone"} on ${live} of ${total} ${total === 1 ? "proxy" : "proxies"}`;
}

/** Who does not have it, those with the same state and words in one line. */
export function notLiveLines({ proxies }: Liveness): readonly string[] {
  const missing = proxies.filter(({ state }) => state !== "live");
  const groups = Map.groupBy(missing, ({ state, words = "" }) => `${state} ${words}`);
  return [...groups.values()].map(groupLine);
}

/** Envoy's own messages are some hundred characters. */
const MAX_WORDS = 1_000;

/** Names of one line: enough to go and look at one of them. */
const MAX_NAMES = 5;

function groupLine(group: readonly ProxyLiveness[]): string {
  const names = group.slice(0, MAX_NAMES).map(({ name, namespace }) => `${name}.${namespace}`);
  const hidden = group.length - names.length;
  const who = `${names.join(", ")}${hidden > 0 ? ` and ${hidden} more` : ""}`;
  const [{ state, words } = { state: "behind", words: undefined }] = group;
  const refusal = words === undefined ? "" : `: ${plain(words, MAX_WORDS)}`;
  return `  ${plain(who)}  ${state}${refusal}\n`;
}

/** Says how a wait ended; the returned status is the command's. */
export function tellWaited(shell: Shell, name: string, outcome: WaitOutcome): boolean {
  const { terminal } = shell;
  switch (outcome.kind) {
    case "live":
      terminal.write(`${name} ${livenessText(outcome.liveness)}\n`);
      return true;
    case "rejected":
      terminal.writeError(
        `error: ${name} is refused by a proxy, which keeps what it had:\n${notLiveLines(outcome.liveness).join("")}`,
      );
      return false;
    case "timeout":
      terminal.writeError(
        `error: timed out waiting for ${name}: ${livenessText(outcome.liveness)}; behind are:\n${notLiveLines(outcome.liveness).join("")}`,
      );
      return false;
    case "failed":
      terminal.writeError(`error: ${outcome.message}\n`);
      return false;
  }
}
