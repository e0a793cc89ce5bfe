// What many agreements come to: every disagreement with the seed that brings it back, and the odds judged together.
import type { ExplainedRequest, Outcome } from "#explain/explain.ts";
import type { Agreement } from "./agreement.ts";

/** How often a whole run may fail although everything is right. With our proxy the seeds are fixed: it fails always or never. */
const FAMILY_ERROR = 0.001;
/** Envoy's dice are its own, thrown anew in every run: one false alarm in 100,000 runs. */
export const FAMILY_ERROR_UNSEEDED: number = 0.00001;

export class Verdict {
  readonly #cases: { readonly name: string; readonly agreement: Agreement }[] = [];

  add(name: string, request: ExplainedRequest, agreement: Agreement): void {
    const { method, authority, path, headers, entrance } = request;
    const words = [method, authority, path, JSON.stringify(headers), JSON.stringify(entrance)];
    this.#cases.push({ name: `${name}: ${words.join(" ")}`, agreement });
  }

  get count(): number {
    return this.#cases.length;
  }

  /** Cases that dice decide, so that their odds were compared. */
  get randomCount(): number {
    return this.#cases.filter(({ agreement }) => agreement.fit.degreesOfFreedom > 0).length;
  }

  /** "forward", "reply UH", "reply DI,FI", … */
  get kinds(): ReadonlySet<string> {
    const kindOf = ({ kind, responseFlags }: Outcome): string =>
      responseFlags === undefined ? kind : `${kind} ${responseFlags}`;
    return new Set(this.#cases.flatMap(({ agreement }) => agreement.outcomes.map(kindOf)));
  }

  /** What was seen and not explained, or not as often: first by what cannot be, then by Holm's correction over all cases. */
  disagreements(familyError: number = FAMILY_ERROR): readonly string[] {
    const wrong = this.#cases.flatMap(({ name, agreement }) =>
      agreement.problems.length === 0 ? [] : [[name, ...agreement.problems].join("\n  ")],
    );
    const byP = this.#cases.toSorted((a, b) => a.agreement.fit.p - b.agreement.fit.p);
    for (const [index, { name, agreement }] of byP.entries()) {
      const { p, statistic, degreesOfFreedom } = agreement.fit;
      if (p >= familyError / (byP.length - index)) break;
      wrong.push(
        `${name}\n  the odds do not fit: chi-square ${statistic} of ${degreesOfFreedom}, p ${p}`,
      );
    }
    return wrong;
  }
}
