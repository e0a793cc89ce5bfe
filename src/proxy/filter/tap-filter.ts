// envoy.filters.http.tap: shows requests to those who look on through the admin interface. While nobody does it is one comparison.
import type { Random } from "#base/random.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { TAP } from "../stats/schema/tap.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { Tap, TapRegistry, TapSource } from "../tap/tap-registry.ts";
import { formatTrace } from "../tap/tap-trace.ts";
import type { FilterStatus, FilterStream, HttpFilter, HttpFilterFactory } from "./filter.ts";

/** A tap that looks at this request, and what the request has answered to its rules. */
interface Look {
  readonly tap: Tap;
  readonly request: readonly boolean[];
}

class TapFilter implements HttpFilter {
  readonly #stream: FilterStream;
  readonly #source: TapSource;
  readonly #stats: StatBlock<"tap">;
  #looks: readonly Look[] | undefined = undefined;

  constructor(stream: FilterStream, source: TapSource, stats: StatBlock<"tap">) {
    this.#stream = stream;
    this.#source = source;
    this.#stats = stats;
  }

  onRequestHead(head: RequestHead): FilterStatus {
    if (this.#source.taps.length > 0) this.#look(head, this.#source.taps);
    return "continue";
  }

  onStreamEnd(): void {
    if (this.#looks === undefined) return;
    const looks = this.#looks;
    this.#looks = undefined;
    for (const { tap, request } of looks) this.#show(tap, request);
  }

  #look(head: RequestHead, taps: readonly Tap[]): void {
    const { random } = this.#stream.dispatcher;
    const sampled = taps.filter((tap) => strikes(tap, random));
    if (sampled.length < taps.length) {
      this.#stats.add(TAP.rq_sampled_out, taps.length - sampled.length);
    }
    this.#looks = sampled.map((tap) => ({ tap, request: tap.matcher.look(head) }));
  }

  #show(tap: Tap, request: readonly boolean[]): void {
    const stream = this.#stream;
    const { nowMs } = stream.dispatcher;
    if (!tap.matcher.matches(request, stream.responseHead)) return;
    this.#stats.inc(TAP.rq_tapped);
    if (tap.hasRoom(nowMs)) tap.show(formatTrace(stream, nowMs, tap.hasDetails));
  }
}

function strikes(tap: Tap, random: Random): boolean {
  const { numerator, denominator } = tap.config.sampling;
  return numerator >= denominator || random.u32() % denominator < numerator;
}

/** `prefix` is `http.<stat prefix>.tap.`. */
export function createTapFactory(
  configId: string,
  prefix: string,
  stats: StatsStore,
  taps: TapRegistry,
): HttpFilterFactory {
  const block = stats.block(prefix, TAP);
  const source = taps.source(configId);
  return { createFilter: (stream) => new TapFilter(stream, source, block) };
}
