// What the proxy did not take: it goes on with what it had before, and that is what an explanation is about.
import type { Step } from "./explanation.ts";
import type { ProxyConfiguration } from "./proxy-configuration.ts";

/** More would hide the explanation; `sampan proxy-status` has them all. */
const MAX_SHOWN = 4;

export function refusedStep({ rejected, warming }: ProxyConfiguration): Step | undefined {
  if (rejected.length + warming.length === 0) return undefined;
  const facts = [
    ...rejected.map(({ kind, name, details }) => `refused: ${kind} ${name}: ${details}`),
    ...warming.map(({ kind, name }) => `not in use yet: ${kind} ${name}`),
  ];
  const more = facts.length - MAX_SHOWN;
  return {
    mark: "note",
    title: "Configuration",
    detail: "the proxy does not use all that it was sent; this is about what it uses",
    facts: more > 0 ? [...facts.slice(0, MAX_SHOWN), `… and ${more} more`] : facts,
  };
}
