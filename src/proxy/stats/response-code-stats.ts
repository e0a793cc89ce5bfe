// Response codes of a cluster: upstream_rq_200, upstream_rq_2xx, upstream_rq_completed, listed once one was counted.
import { isUsed } from "./stat-block.ts";

/** Codes of one class (200 … 299) at a time, so that a cluster that only ever saw 200 pays 800 bytes. */
const CLASS_SIZE = 100;
/** HTTP status codes have three digits. */
const CLASS_COUNT = 10;

/** Counts by status. Only single codes are counted; classes and the total are sums, made when somebody reads. */
export class CodeCounts {
  #classes: (Float64Array | undefined)[] = new Array(CLASS_COUNT).fill(undefined);

  /** `status` is 100 … 999. */
  count(status: number): void {
    const index = (status / CLASS_SIZE) | 0;
    let codes = this.#classes[index];
    if (codes === undefined) {
      if (index < 1 || index >= CLASS_COUNT) return;
      codes = new Float64Array(CLASS_SIZE).fill(-0);
      this.#classes[index] = codes;
    }
    const code = status - index * CLASS_SIZE;
    codes[code] = (codes[code] as number) + 1;
  }

  /** Adds what another worker counted. */
  addAll(counts: ReadonlyMap<number, number>): void {
    for (const [status, count] of counts) {
      const index = (status / CLASS_SIZE) | 0;
      const codes = this.#classes[index] ?? new Float64Array(CLASS_SIZE).fill(-0);
      this.#classes[index] = codes;
      const code = status - index * CLASS_SIZE;
      codes[code] = (codes[code] as number) + count;
    }
  }

  /** By status. */
  toMap(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    this.addTo(counts);
    return counts;
  }

  /** Adds what was counted to `into`, by status. */
  addTo(into: Map<number, number>): void {
    for (let index = 1; index < CLASS_COUNT; index += 1) {
      const codes = this.#classes[index];
      if (codes === undefined) continue;
      for (let code = 0; code < CLASS_SIZE; code += 1) {
        const value = codes[code] as number;
        if (!isUsed(value)) continue;
        const status = index * CLASS_SIZE + code;
        into.set(status, (into.get(status) ?? 0) + value);
      }
    }
  }

  reset(): void {
    for (const codes of this.#classes) {
      if (codes === undefined) continue;
      for (let code = 0; code < CLASS_SIZE; code += 1) {
        if (isUsed(codes[code] as number)) codes[code] = 0;
      }
    }
  }
}

/**
 * A cluster's response codes: those answered to outside requests, to internal ones (x-envoy-internal), and those that
 * were retried. What stands under no origin (`cluster.X.upstream_rq_200`) is the sum of the first two.
 */
export class ResponseCodeStats {
  readonly external: CodeCounts = new CodeCounts();
  readonly internal: CodeCounts = new CodeCounts();
  readonly retried: CodeCounts = new CodeCounts();

  /** Counts an answer to a request that is not internal. */
  count(status: number): void {
    this.external.count(status);
  }

  countInternal(status: number): void {
    this.internal.count(status);
  }

  /** Counts an answer that was not passed on because the request is tried again. */
  countRetried(status: number): void {
    this.retried.count(status);
  }

  reset(): void {
    this.external.reset();
    this.internal.reset();
    this.retried.reset();
  }

  /** `report` is called for each counter that exists, with its name below the cluster's prefix. */
  list(report: (name: string, value: number) => void): void {
    const all = new Map<number, number>();
    this.external.addTo(all);
    this.internal.addTo(all);
    listCodes("", all, report);
    for (const [origin, counts] of [
      ["external.", this.external],
      ["internal.", this.internal],
      ["retry.", this.retried],
    ] as const) {
      const codes = new Map<number, number>();
      counts.addTo(codes);
      listCodes(origin, codes, report);
    }
  }
}

function listCodes(
  prefix: string,
  codes: ReadonlyMap<number, number>,
  report: (name: string, value: number) => void,
): void {
  if (codes.size === 0) return;
  const classes = new Map<string, number>();
  let completed = 0;
  for (const [status, count] of codes) {
    report(`${prefix}upstream_rq_${status}`, count);
    const name = className(status);
    classes.set(name, (classes.get(name) ?? 0) + count);
    completed += count;
  }
  for (const [name, count] of classes) report(`${prefix}upstream_rq_${name}`, count);
  report(`${prefix}upstream_rq_completed`, completed);
}

/** Envoy puts codes from 600 on under "unknown". */
function className(status: number): string {
  return status < 600 ? `${(status / CLASS_SIZE) | 0}xx` : "unknown";
}
