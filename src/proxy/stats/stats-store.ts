// Every statistic of the proxy by its full name: where blocks are made, found, listed and let go.
import type { StatKind, StatsSchema } from "./define-stats.ts";
import { Histogram } from "./histogram.ts";
import { ResponseCodeStats } from "./response-code-stats.ts";
import { isUsed, StatBlock } from "./stat-block.ts";

/** A value that is text, such as `cluster_manager.cds.version_text`. */
export class TextReadout {
  value = "";

  set(value: string): void {
    this.value = value;
  }
}

/** One line of `/stats` that is a number. */
export interface ScalarSample {
  readonly name: string;
  readonly kind: StatKind;
  readonly value: number;
  /** Whether it was ever written. */
  readonly isUsed: boolean;
}

export interface TextSample {
  readonly name: string;
  readonly value: string;
}

export interface HistogramSample {
  readonly name: string;
  readonly histogram: Histogram;
}

/** All statistics at one moment, each list sorted by name. Histograms are the live ones. */
export interface StatsSnapshot {
  readonly texts: readonly TextSample[];
  readonly scalars: readonly ScalarSample[];
  readonly histograms: readonly HistogramSample[];
}

interface Owner {
  readonly prefix: string;
  readonly block: StatBlock | undefined;
  readonly codes: ResponseCodeStats | undefined;
}

/**
 * Blocks, histograms and texts are made when first asked for, and the same one is returned for the same name ever
 * after, so an owner that is replaced (an updated cluster) counts on where the old one stopped.
 */
export class StatsStore {
  #owners = new Map<string, Owner>();
  #histograms = new Map<string, Histogram>();
  #texts = new Map<string, TextReadout>();

  /** The block of `schema` under `prefix`, which ends with a dot: `block("cluster.reviews.", CLUSTER)`. */
  block<G extends string>(prefix: string, schema: StatsSchema<G>): StatBlock<G> {
    const cleaned = cleanName(prefix);
    const key = `${cleaned} ${schema.table.group}`;
    const found = this.#owners.get(key)?.block;
    // The group's name is part of the key, so the block is of that group.
    if (found !== undefined) return found as StatBlock<G>;
    const block = new StatBlock(schema.table);
    this.#owners.set(key, { prefix: cleaned, block, codes: undefined });
    return block;
  }

  /** The response codes under `prefix` ("cluster.reviews."). */
  responseCodes(prefix: string): ResponseCodeStats {
    const cleaned = cleanName(prefix);
    const key = `${cleaned} responseCodes`;
    const found = this.#owners.get(key)?.codes;
    if (found !== undefined) return found;
    const codes = new ResponseCodeStats();
    this.#owners.set(key, { prefix: cleaned, block: undefined, codes });
    return codes;
  }

  histogram(name: string): Histogram {
    const cleaned = cleanName(name);
    let histogram = this.#histograms.get(cleaned);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#histograms.set(cleaned, histogram);
    }
    return histogram;
  }

  text(name: string): TextReadout {
    const cleaned = cleanName(name);
    let text = this.#texts.get(cleaned);
    if (text === undefined) {
      text = new TextReadout();
      this.#texts.set(cleaned, text);
    }
    return text;
  }

  /** Forgets everything whose name starts with `prefix`; who still holds a block counts into nothing. */
  release(prefix: string): void {
    const cleaned = cleanName(prefix);
    for (const [key, owner] of this.#owners) {
      if (owner.prefix.startsWith(cleaned)) this.#owners.delete(key);
    }
    for (const name of this.#histograms.keys()) {
      if (name.startsWith(cleaned)) this.#histograms.delete(name);
    }
    for (const name of this.#texts.keys()) {
      if (name.startsWith(cleaned)) this.#texts.delete(name);
    }
  }

  /** Ends the histograms' interval; to be called every `stats_flush_interval`. */
  rotateHistograms(): void {
    for (const histogram of this.#histograms.values()) histogram.rotate();
  }

  resetCounters(): void {
    for (const { block, codes } of this.#owners.values()) {
      block?.resetCounters();
      codes?.reset();
    }
  }

  snapshot(): StatsSnapshot {
    const scalars: ScalarSample[] = [];
    for (const { prefix, block, codes } of this.#owners.values()) {
      if (block !== undefined) listBlock(prefix, block, scalars);
      codes?.list((name, value) => {
        scalars.push({ name: prefix + name, kind: "counter", value, isUsed: true });
      });
    }
    return {
      texts: [...this.#texts].map(([name, text]) => ({ name, value: text.value })).sort(byName),
      scalars: scalars.sort(byName),
      histograms: [...this.#histograms]
        .map(([name, histogram]) => ({ name, histogram }))
        .sort(byName),
    };
  }
}

function listBlock(prefix: string, block: StatBlock, into: ScalarSample[]): void {
  const { names, kinds } = block.table;
  for (let id = 0; id < names.length; id += 1) {
    const value = block.values[id] as number;
    into.push({
      name: `${prefix}${names[id] as string}`,
      kind: kinds[id] as StatKind,
      value: value + 0,
      isUsed: isUsed(value),
    });
  }
}

/** By code unit, as Envoy sorts by byte. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** A colon parts name and value in other stats formats, so Envoy writes `_` for it. */
function cleanName(name: string): string {
  return name.replaceAll(":", "_");
}
