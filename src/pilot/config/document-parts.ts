// The text of one document of a file: what is the document's own, and what stands around it for itself.

export interface DocumentParts {
  /** The marker, and comments that an empty line sets apart from the document. */
  readonly head: string;
  readonly body: string;
  /** Empty lines and comments at the margin behind the document. */
  readonly tail: string;
}

const MARKER_LINE = /^---[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/;

/** The header of a block scalar that keeps the empty lines at its end. */
const KEEPS_EMPTY_LINES = /[|>](?:[1-9]?\+|\+[1-9])[ \t]*(?:#[^\n]*)?$/m;

const isEmpty = (line: string): boolean => line.trim() === "";
const isMarginComment = (line: string): boolean => line.startsWith("#");

/** Takes a document (as `splitDocuments` cut it) apart. */
export function cutDocument(slice: string): DocumentParts {
  const marker = MARKER_LINE.exec(slice)?.[0] ?? (slice.startsWith("---") ? "---" : "");
  const lines = slice.slice(marker.length).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let first = lines.findIndex((line) => !isEmpty(line) && !isMarginComment(line.trimStart()));
  if (first === -1) first = lines.length;
  // Comments right above the first field are the document's own.
  let start = first;
  while (start > 0 && isMarginComment((lines[start - 1] ?? "").trimStart())) start -= 1;
  let end = lines.length;
  while (end > first && (isEmpty(lines[end - 1] ?? "") || isMarginComment(lines[end - 1] ?? ""))) {
    end -= 1;
  }
  // Below "|+" empty lines are part of the value.
  if (KEEPS_EMPTY_LINES.test(lines.slice(start, end).join(""))) {
    while (end < lines.length && isEmpty(lines[end] ?? "")) end += 1;
  }
  const isInline = marker === "---"; // "--- {kind: …}": the document begins on the marker's line
  const body = lines.slice(start, end).join("");
  return {
    head: `${marker}${isInline ? "\n" : ""}${lines.slice(0, start).join("")}`,
    body: isInline ? body.trimStart() : body,
    tail: lines.slice(end).join(""),
  };
}

/** A document as it is shown to who edits it: without the marker, and without comments that stand for themselves around it. */
export function bodyOf(sliceText: string): string {
  return cutDocument(sliceText).body;
}

/** Text for a document of its own: without a marker, ending with a line end. */
export function ownText(text: string): string {
  const { head, body, tail } = cutDocument(text);
  return withEnd(`${withoutMarker(head)}${body}${tail.trimEnd()}`);
}

/** With a line end, if it has none. */
export function withEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function withoutMarker(head: string): string {
  return head.replace(MARKER_LINE, "").replace(/^---\n?/, "");
}
