// How wide a line is on a terminal, and where to cut it: colours take no room, ideographs take two columns.

/** A colour sequence (SGR) or one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const PIECE = /\u001b\[[\d;]*m|./gsu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /\p{Mn}|\p{Me}|\u200b|\u200d|[\ufe00-\ufe0f]/u;

const isColor = (piece: string): boolean => piece.startsWith("\u001b[");

function widthOf(piece: string): number {
  if (isColor(piece)) return 0;
  if (piece <= "~") return 1;
  if (NO_WIDTH.test(piece)) return 0;
  return WIDE.test(piece) ? 2 : 1;
}

export function textWidth(line: string): number {
  let width = 0;
  for (const [piece] of line.matchAll(PIECE)) width += widthOf(piece);
  return width;
}

/** At most `columns` wide; a line that is cut ends in "…". Colours end where the line ends. */
export function cutToWidth(line: string, columns: number): string {
  if (line.length <= columns && !line.includes("\u001b") && textWidth(line) <= columns) return line;
  let width = 0;
  let kept = "";
  let beforeLast = "";
  let hasColor = false;
  for (const [piece] of line.matchAll(PIECE)) {
    hasColor ||= isColor(piece);
    const next = width + widthOf(piece);
    if (next > columns) {
      return `${beforeLast}…${hasColor ? "\u001b[0m" : ""}`;
    }
    if (next <= columns - 1) beforeLast = kept + piece;
    kept += piece;
    width = next;
  }
  return kept;
}
