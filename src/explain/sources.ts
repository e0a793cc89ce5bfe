// File and line for the origins of an explanation: asked for in one go of whoever knows the files, and filled in.
import type { Explanation, Origin, Outcome, Step } from "./explanation.ts";

export type Source = NonNullable<Origin["source"]>;

/** Every origin that is named, each once. */
export function originsOf({ steps, outcomes }: Explanation): readonly Origin[] {
  const found = new Map<string, Origin>();
  const add = (origin: Origin | undefined): void => {
    if (origin !== undefined) found.set(keyOf(origin), origin);
  };
  for (const step of steps) {
    add(step.origin);
    for (const tried of step.tried ?? []) add(tried.origin);
  }
  for (const outcome of outcomes) add(outcome.origin);
  return [...found.values()];
}

export function withSources(
  { steps, outcomes }: Explanation,
  sourceOf: (origin: Origin) => Source | undefined,
): Explanation {
  const place = <T extends { readonly origin?: Origin }>(part: T): T => {
    const source = part.origin === undefined ? undefined : sourceOf(part.origin);
    return source === undefined ? part : { ...part, origin: { ...part.origin, source } };
  };
  const placeStep = (step: Step): Step => {
    const placed = place(step);
    return step.tried === undefined ? placed : { ...placed, tried: step.tried.map(place) };
  };
  return { steps: steps.map(placeStep), outcomes: outcomes.map((one: Outcome) => place(one)) };
}

/** "VirtualService default/reviews#spec.http[1]" */
export const keyOf = ({ object, field }: Origin): string =>
  field === undefined ? object : `${object}#${field}`;
