// Which resources a NACK is about. The protocol has only words for it (error_detail); clients name the resource before a colon.

const WORD = /[\w.|~/*-]/;

/**
 * The names out of `candidates` that `message` complains of. A name that stands alone, perhaps quoted, with a colon after it is
 * taken for certain, as Envoy ("Error adding/updating cluster(s) reviews: hosts must have…"), gRPC and sampan's proxy write it.
 * Empty when there is none.
 */
export function namedIn(message: string, candidates: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const name of candidates) if (name !== "" && isNamed(message, name)) found.add(name);
  return found;
}

function isNamed(message: string, name: string): boolean {
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
    const before = message.charAt(at - 1);
    let end = at + name.length;
    if (/["'\]]/.test(message.charAt(end))) end += 1;
    if (message.charAt(end) === ":" && (at === 0 || !WORD.test(before))) return true;
  }
  return false;
}
