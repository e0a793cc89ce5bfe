// Text of the network on a terminal: it may neither break a line nor move the cursor, and a long one is cut.

/** As many characters of one value are shown. */
const MAX_CHARACTERS = 200;

/** Control characters, and what a terminal could take for a line's end, become "·". */
export function plain(text: string, maxCharacters: number = MAX_CHARACTERS): string {
  const kept = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  return kept.replace(/[\p{Cc}\u2028\u2029]/gu, "·");
}

/** The same for text of several lines, which keeps its line ends. */
export function plainLines(text: string): string {
  return text.replace(/[^\P{Cc}\n]|[\u2028\u2029]/gu, "·");
}
