// Which faults may strike a request, and how likely: the fault filter's own draws, asked with every throw of the dice.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { FaultConfig } from "#proxy/config/fault-config.ts";
import { type Abort, settingsOf } from "#proxy/filter/fault/fault-settings.ts";

export interface FaultOdds {
  /** undefined: never. */
  readonly delay: { readonly odds: number; readonly delayMs: number } | undefined;
  readonly abort: { readonly odds: number; readonly abort: Abort } | undefined;
  /** Faults that may be at work at a time; undefined: no limit. */
  readonly maxActiveFaults: number | undefined;
}

const NO_FAULTS: FaultOdds = { delay: undefined, abort: undefined, maxActiveFaults: undefined };

export function faultOdds(
  config: FaultConfig,
  head: RequestHead,
  clusterName: string | undefined,
): FaultOdds {
  const settings = settingsOf(config);
  if (!settings.matches(head, clusterName)) return NO_FAULTS;
  // 0 is the throw that strikes if any does.
  const delayMs = settings.drawDelayMs(head, thrown(0));
  const delayOdds = oddsOf(config.delay, (value) => settings.drawDelayMs(head, thrown(value)) > 0);
  const abort = settings.drawAbort(head, thrown(0));
  const abortOdds = oddsOf(
    config.abort,
    (value) => settings.drawAbort(head, thrown(value)) !== undefined,
  );
  return {
    delay: delayOdds === 0 ? undefined : { odds: delayOdds, delayMs },
    abort: abort === undefined || abortOdds === 0 ? undefined : { odds: abortOdds, abort },
    maxActiveFaults: config.maxActiveFaults,
  };
}

const thrown = (value: number): { u32(): number } => ({ u32: () => value });

/** A throw below some number strikes, and none from there on: finds the number. */
function oddsOf(
  fault: { readonly percentage: { readonly denominator: number } } | undefined,
  strikes: (value: number) => boolean,
): number {
  if (fault === undefined) return 0;
  const { denominator } = fault.percentage;
  let low = 0;
  let high = denominator;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (strikes(middle)) low = middle + 1;
    else high = middle;
  }
  return low / denominator;
}

/** One way that the filter may treat a request. */
export interface FaultEnding {
  readonly odds: number;
  readonly delayMs: number;
  readonly abort: Abort | undefined;
}

/** The delay is drawn first, the abort when it is over: all four combinations, without those that never come. */
export function faultEndings({ delay, abort }: FaultOdds): readonly FaultEnding[] {
  const delays = [
    { odds: 1 - (delay?.odds ?? 0), delayMs: 0 },
    { odds: delay?.odds ?? 0, delayMs: delay?.delayMs ?? 0 },
  ];
  const aborts = [
    { odds: 1 - (abort?.odds ?? 0), abort: undefined },
    { odds: abort?.odds ?? 0, abort: abort?.abort },
  ];
  return delays.flatMap((first) =>
    aborts.flatMap((second) => {
      const odds = first.odds * second.odds;
      return odds === 0 ? [] : [{ odds, delayMs: first.delayMs, abort: second.abort }];
    }),
  );
}
