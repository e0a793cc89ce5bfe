// Cuts a YAML file at its document markers, so that an edit costs only the documents that it changed.

export interface DocumentSlice {
  readonly text: string;
  /** Line of the file on which it begins, from 0. */
  readonly line: number;
}

const MARKER = /^---(?=\s|$)/gm;
/** A directive belongs to the document after it, and "..." ends one without beginning another: such files stay whole. */
const UNCUTTABLE = /^(?:%|\.\.\.(?:\s|$))/m;

/** Slices without content are left out. A marker at the start of a line is one everywhere in YAML, also within scalars. */
export function splitDocuments(text: string): readonly DocumentSlice[] {
  if (UNCUTTABLE.test(text)) return [{ text, line: 0 }];
  const slices: DocumentSlice[] = [];
  let start = 0;
  let line = 0;
  const cut = (end: number): void => {
    const slice = text.slice(start, end);
    if (!isBlank(slice)) slices.push({ text: slice, line });
    line += countLines(slice);
    start = end;
  };
  for (const { index } of text.matchAll(MARKER)) if (index > start) cut(index);
  cut(text.length);
  return slices;
}

/** Nothing but markers, comments and blanks. */
function isBlank(text: string): boolean {
  return /^(?:---)?(?:\s|#[^\n]*(?:\n|$))*$/.test(text);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
