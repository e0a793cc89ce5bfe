// What a person finds in the editor above the object, marked so that comments of the object's own are never taken for it.

/** No comment that people write begins so. */
const MARK = "#| ";

export interface EditProblem {
  /** In the object's text; undefined: of the whole. Both count from 1. */
  readonly position?: { readonly line: number; readonly column: number };
  readonly text: string;
}

/** Places are shown as the editor counts lines, these included. */
export function headerLines(object: string, problems: readonly EditProblem[]): readonly string[] {
  const intro = [
    `${object}: save and leave to write it.`,
    "Lines that begin as these do are not kept. Leave without a change, or with an empty file, to write nothing.",
  ];
  if (problems.length === 0) return intro;
  const top = [...intro, "", "Not written, because:"];
  const height = top.length + problems.length;
  const wrong = problems.map(({ position, text }) => {
    const place = position === undefined ? "" : `${position.line + height}:${position.column}: `;
    return `  ${place}${text.replaceAll("\n", " ")}`;
  });
  return [...top, ...wrong];
}

export function editorText(header: readonly string[], text: string): string {
  return `${header.map((line) => `${MARK}${line}`.trimEnd()).join("\n")}\n${text}`;
}

export function withoutHeader(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#|"))
    .join("\n");
}
