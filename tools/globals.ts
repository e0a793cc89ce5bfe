// Which globals reach past the ports and the import table, and how a use of one is told from other uses of its name.
import type { Token } from "./tokens.ts";

/** What a message says of things that need the real system. */
export const OWN = "io/ and the composition roots only";

/** Globals that reach the system, and what to take instead. Outside io/ and the roots no name of ours may be like them. */
const SYSTEM = new Map([
  ["Date", "the real clock: take a Clock"],
  ["performance", "the real clock: take a Clock"],
  ["setTimeout", "a real timer: take Timers"],
  ["setInterval", "a real timer: take Timers"],
  ["setImmediate", "a real timer: take Timers"],
  ["AbortSignal", "a real timer (AbortSignal.timeout): take Timers"],
  ["queueMicrotask", "the event loop: take Timers, or call directly"],
  ["crypto", "real randomness: take a Random"],
  ["fetch", "a real socket: take a Net"],
  ["WebSocket", "a real socket: take a Net"],
  ["EventSource", "a real socket: take a Net"],
  ["BroadcastChannel", `another thread: ${OWN}`],
  ["Worker", `another thread: ${OWN}`],
  ["process", `the process: ${OWN}`],
  ["Bun", `Bun: ${OWN}`],
  ["globalThis", "every global by another name: say which port is meant"],
  ["global", "every global by another name: say which port is meant"],
  ["eval", "code made of text: write it as code"],
  ["Function", "code made of text: write it as code; as a type, spell the signature"],
]);

/** Globals that are pure but for one member. They are used as `Math.x` only, so that the member cannot be had otherwise. */
const SYSTEM_MEMBERS = new Map<string, readonly [member: string, message: string]>([
  ["Math", ["random", "real randomness: take a Random"]],
  ["Temporal", ["Now", "the real clock: take a Clock"]],
  ["Intl", ["DateTimeFormat", "the real clock: take a Clock"]],
]);

/** What a fake may do that runs in tests only, and in the order that the test gives. */
const TESTING = "/testing/";
const FOR_TESTING = new Set(["queueMicrotask"]);

const is = (token: Token | undefined, ...texts: string[]): boolean =>
  token?.kind === "mark" && texts.includes(token.text);

/** `name: x` and `name?: x` as a key, member or parameter, which declare a name and use no global. */
function isDeclared(code: readonly Token[], at: number): boolean {
  const before = code[at - 1];
  const opens = is(before, "{", "(", ",", ";") || before?.text === "readonly";
  return opens && (is(code[at + 1], ":") || (is(code[at + 1], "?") && is(code[at + 2], ":")));
}

/** Preceded by a dot it is another object's property, unless that object is the global one. */
function isFree(code: readonly Token[], at: number): boolean {
  return !is(code[at - 1], ".", "?.") || (code[at - 2]?.text === "self" && !is(code[at - 3], "."));
}

/** The message for a global at `at` that reaches the system. Knows no scopes: a local `process` is refused as well. */
export function checkGlobal(file: string, code: readonly Token[], at: number): string | undefined {
  const name = code[at]?.text ?? "";
  const next = code[at + 1];
  if (name === "import" && is(next, ".") && code[at + 2]?.text === "meta") {
    return `import.meta: ${OWN}`;
  }
  if (!isFree(code, at) || isDeclared(code, at)) return undefined;
  if (FOR_TESTING.has(name) && file.includes(TESTING)) return undefined;
  const member = SYSTEM_MEMBERS.get(name);
  if (member === undefined) return SYSTEM.get(name);
  return is(next, ".", "?.") && code[at + 2]?.kind === "name" && code[at + 2]?.text !== member[0]
    ? undefined
    : member[1];
}

/** CommonJS loads past every table, also in a test: `require` as a name, of `module` or of `import.meta`, or in brackets. */
export function isRequire(code: readonly Token[], at: number): boolean {
  const token = code[at];
  if (token?.text === "createRequire") return true;
  if (token?.text !== "require") return false;
  const owner = code[at - 2]?.text ?? "";
  const isOwned = owner === "module" || owner === "meta";
  if (token.kind === "string") return is(code[at - 1], "[") && isOwned;
  if (token.kind !== "name" || isDeclared(code, at)) return false;
  return !is(code[at - 1], ".", "?.") || isOwned;
}
