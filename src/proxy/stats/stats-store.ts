// Every statistic of the proxy by its full name: where blocks are made, found, listed and let go.
import type { StatKind, StatsSchema } from "./define-stats.ts";
import { Histogram } from "./histogram.ts";
import { mergeRules, mergeValue } from "./merge-rules.ts";
import { ResponseCodeStats } from "./response-code-stats.ts";
import { isUsed, StatBlock } from "./stat-block.ts";
import type { BlockReport, CodesReport, StatsReport } from "./stats-report.ts";

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

  /** Everything as plain data, for `absorb` of another store. Arrays are the live ones: to be copied or sent at once. */
  report(): StatsReport {
    const blocks: BlockReport[] = [];
    const codeReports: CodesReport[] = [];
    for (const { prefix, block, codes } of this.#owners.values()) {
      if (block !== undefined) blocks.push({ prefix, table: block.table, values: block.values });
      if (codes === undefined) continue;
      const { external, internal, retried } = codes;
      codeReports.push({
        prefix,
        external: external.toMap(),
        internal: internal.toMap(),
        retried: retried.toMap(),
      });
    }
    return {
      blocks,
      codes: codeReports,
      histograms: [...this.#histograms].map(([name, { interval, cumulative }]) => ({
        name,
        interval: interval.counts,
        cumulative: cumulative.counts,
      })),
      texts: new Map([...this.#texts].map(([name, text]) => [name, text.value])),
    };
  }

  /** Takes in what a worker reports, by the rules of merge-rules.ts; worker 0 comes first, into an empty store. */
  absorb(report: StatsReport): void {
    for (const block of report.blocks) this.#absorbBlock(block);
    for (const { prefix, external, internal, retried } of report.codes) {
      const codes = this.responseCodes(prefix);
      codes.external.addAll(external);
      codes.internal.addAll(internal);
      codes.retried.addAll(retried);
    }
    for (const { name, interval, cumulative } of report.histograms) {
      this.histogram(name).absorb(interval, cumulative);
    }
    for (const [name, value] of report.texts) {
      if (!this.#texts.has(name)) this.text(name).set(value);
    }
  }

  #absorbBlock({ prefix, table, values }: BlockReport): void {
    const known = this.#owners.get(`${prefix} ${table.group}`)?.block;
    const block = known ?? this.block(prefix, { table });
    if (known === undefined) {
      block.values.set(values);
      return;
    }
    const rules = mergeRules(table);
    for (const [id, rule] of rules.entries()) {
      block.values[id] = mergeValue(rule, block.values[id] as number, values[id] as number);
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
