// Text as one word of a POSIX shell: what a remedy takes from the machine must not become a command of its own.

const PLAIN = /^[\w@%+=:,./*-]+$/;

/** `a b` -> `'a b'`; plain words stay as they are. Control characters are left out: they would show as something else. */
export function shellWord(text: string): string {
  const shown = text.replace(/[\p{Cc}\u2028\u2029]+/gu, "");
  return PLAIN.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
