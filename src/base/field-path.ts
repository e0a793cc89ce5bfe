// The way to a field inside a document or message, and how people write it.

/** `http[0].route[1].weight` as a list of steps: names of fields and keys, numbers of list items. */
export type FieldPath = readonly (string | number)[];

const PLAIN_STEP = /^[A-Za-z_@][\w@-]*$/;

/** `spec.http[0].headers["x.y"]`; "" for the document as a whole. */
export function formatFieldPath(path: FieldPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!PLAIN_STEP.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

const STEP = /\.?([A-Za-z_@][\w@-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** What `formatFieldPath` wrote, as steps; what cannot be read ends the path there. */
export function parseFieldPath(text: string): FieldPath {
  const path: (string | number)[] = [];
  STEP.lastIndex = 0;
  for (let match = STEP.exec(text); match !== null; match = STEP.exec(text)) {
    const [, name, index, key] = match;
    if (index !== undefined) path.push(Number(index));
    else if (key !== undefined) path.push(JSON.parse(`"${key}"`) as string);
    else path.push(name ?? "");
  }
  return path;
}
