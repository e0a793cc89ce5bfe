// Keys as a terminal sends them, by name: printable characters as themselves, the others as words.

/** What xterm and its kin send, in both cursor modes. */
const SEQUENCES: readonly (readonly [sequence: string, name: string])[] = [
  ["\u001b[A", "up"],
  ["\u001b[B", "down"],
  ["\u001b[C", "right"],
  ["\u001b[D", "left"],
  ["\u001bOA", "up"],
  ["\u001bOB", "down"],
  ["\u001bOC", "right"],
  ["\u001bOD", "left"],
  ["\u0003", "ctrl-c"],
  ["\u0004", "ctrl-d"],
  ["\r", "enter"],
  ["\n", "enter"],
  ["\u007f", "backspace"],
  ["\b", "backspace"],
];

/** A sequence that nobody here knows: it must not be read as the letters in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const UNKNOWN_SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O.)/;

/** The keys of one read, which may hold several: "q", "up", "escape". */
export function parseKeys(text: string): string[] {
  const keys: string[] = [];
  let rest = text;
  while (rest !== "") {
    const known = SEQUENCES.find(([sequence]) => rest.startsWith(sequence));
    if (known !== undefined) {
      keys.push(known[1]);
      rest = rest.slice(known[0].length);
      continue;
    }
    const unknown = UNKNOWN_SEQUENCE.exec(rest);
    if (unknown !== null) {
      rest = rest.slice(unknown[0].length);
      continue;
    }
    const [character = ""] = rest;
    if (character === "\u001b") keys.push("escape");
    else if (character >= " ") keys.push(character);
    rest = rest.slice(character.length);
  }
  return keys;
}
