// Label selectors: plain equality of every named label.

export type Labels = Readonly<Record<string, string>>;

/** Whether `labels` carries everything that `selector` asks for; an empty selector asks for nothing. */
export function selects(selector: Labels, labels: Labels): boolean {
  for (const key in selector) {
    if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false;
  }
  return true;
}
