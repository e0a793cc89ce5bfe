// Our own bugs: checked always, also in production, and loud.

/** Throws when `condition` is false: a bug of ours, never a peer's fault or a user's mistake. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}

/** Ends a switch that has handled every kind. */
export function unreachable(value: never): never {
  throw new Error(`Assertion failed: unreachable value ${JSON.stringify(value)}`);
}
