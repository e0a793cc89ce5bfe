// The screen of `sampan top`: what is shown in which order, and what keys do to that. Knows nothing of proxies.
import { createColors } from "picocolors";
import type { ScreenSize } from "../shell/live-view.ts";
import { plain } from "../shell/plain.ts";
import { textWidth } from "../shell/text-width.ts";
import { COLUMNS, type Column, formatRate, paint } from "./cells.ts";
import { filterRows, isAscending, type SortKey, sortRows, type TopRow } from "./rows.ts";

/** What there is to show. */
export interface TopFrame {
  readonly rows: readonly TopRow[];
  /** "service" */
  readonly grouping: string;
  readonly proxyCount: number;
  /** The time that the numbers are of. */
  readonly measuredMs: number;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

const HELP: readonly string[] = [
  "Keys",
  "  s, →        sort by the next column      S, ←   by the one before",
  "  r           reverse the order",
  "  ↑ ↓         scroll                       g      to the top",
  "  /           filter by name: type, Enter keeps it, Esc forgets it",
  "  w           more columns: retries, pending, overflow, ejected",
  "  ?           this help                    q      quit",
  "",
  "Columns, of the window",
  "  SUCCESS     share of responses that were no 5xx",
  "  RPS         responses a second",
  "  P50 …       latency that so many percent of the requests stay below",
  "  PENDING     requests that wait for a connection now",
  "  OVERFLOW    requests that a circuit breaker refused",
  "  EJECTED     hosts that outlier detection has taken out now",
  "",
  "Measured by the proxies of those who ask (--by workload: of those who are",
  "asked). A request that the fault filter aborts reaches no service and is",
  "not counted here; `sampan tap` shows it.",
];

export class TopScreen {
  #sort: SortKey;
  #isReversed = false;
  #isWide: boolean;
  #filter = "";
  /** The filter is being typed. */
  #isTyping = false;
  #showsHelp = false;
  #offset = 0;
  readonly #hasColor: boolean;

  constructor(options: {
    readonly sort: SortKey;
    readonly isReversed: boolean;
    readonly isWide: boolean;
    readonly hasColor: boolean;
  }) {
    this.#sort = options.sort;
    this.#isReversed = options.isReversed;
    this.#isWide = options.isWide;
    this.#hasColor = options.hasColor;
  }

  /** Whether the key was taken: a `q` in a filter is a letter. */
  handleKey(key: string): boolean {
    if (this.#isTyping) return this.#handleTyped(key);
    if (this.#showsHelp) {
      this.#showsHelp = false;
      return true;
    }
    switch (key) {
      case "s":
      case "right":
        return this.#moveSort(1);
      case "S":
      case "left":
        return this.#moveSort(-1);
      case "r":
        this.#isReversed = !this.#isReversed;
        return true;
      case "w":
        this.#isWide = !this.#isWide;
        return true;
      case "/":
        this.#isTyping = true;
        return true;
      case "escape":
        this.#filter = "";
        return true;
      case "?":
      case "h":
        this.#showsHelp = true;
        return true;
      case "down":
      case "j":
        this.#offset += 1;
        return true;
      case "up":
      case "k":
        this.#offset = Math.max(0, this.#offset - 1);
        return true;
      case "g":
        this.#offset = 0;
        return true;
      default:
        return false;
    }
  }

  /** `undefined`: nothing is measured yet. */
  lines(frame: TopFrame | undefined, { rows, columns }: ScreenSize): readonly string[] {
    if (this.#showsHelp) return [...HELP, "", this.#dim("any key goes back")];
    if (frame === undefined) return ["Measuring …"];
    const shown = sortRows(filterRows(frame.rows, this.#filter), this.#sort, this.#isReversed);
    const head = [
      this.#title(frame, columns),
      ...frame.problems.map((text) => this.#warn(text)),
      "",
    ];
    const room = Math.max(1, rows - head.length - 3);
    this.#offset = Math.max(0, Math.min(this.#offset, shown.length - room));
    const visible = shown.slice(this.#offset, this.#offset + room);
    const rest = shown.length - this.#offset - visible.length;
    const table = this.#table(visible);
    const why = this.#filter === "" ? "no traffic yet" : "nothing by that name";
    const nothing = shown.length === 0 ? [this.#dim(why)] : [];
    return [...head, ...table, ...nothing, "", this.#footer(rest)];
  }

  #handleTyped(key: string): boolean {
    if (key === "enter") this.#isTyping = false;
    else if (key === "escape") {
      this.#isTyping = false;
      this.#filter = "";
    } else if (key === "backspace") this.#filter = [...this.#filter].slice(0, -1).join("");
    else if (textWidth(key) === 1 && [...key].length === 1) this.#filter += key;
    this.#offset = 0;
    return true;
  }

  #moveSort(step: number): boolean {
    const keys = this.#columns().map(({ key }) => key);
    const at = keys.indexOf(this.#sort);
    this.#sort = keys[(at + step + keys.length) % keys.length] ?? "name";
    this.#isReversed = false;
    return true;
  }

  #columns(): readonly Column[] {
    return COLUMNS.filter(({ isWide, key }) => this.#isWide || !isWide || key === this.#sort);
  }

  #title({ rows, grouping, proxyCount, measuredMs }: TopFrame, columns: number): string {
    const requests = rows.reduce((sum, row) => sum + row.requests, 0);
    const succeeded = rows.reduce((sum, row) => sum + row.requests * (row.successRate ?? 0), 0);
    const perSecond = rows.reduce((sum, row) => sum + row.perSecond, 0);
    const seconds = Math.round(measuredMs / 1000);
    const parts = [
      `by ${grouping}`,
      `${proxyCount} ${proxyCount === 1 ? "proxy" : "proxies"}`,
      `last ${seconds} s`,
      `${perSecond.toFixed(1)} rps`,
      ...(requests === 0 ? [] : [`${formatRate(succeeded / requests)} success`]),
    ];
    const text = `sampan top   ${parts.join("   ")}`;
    return this.#bold(text.length > columns ? parts.slice(2).join("   ") : text);
  }

  #table(rows: readonly TopRow[]): readonly string[] {
    const columns = this.#columns();
    const arrow = isAscending(this.#sort, this.#isReversed) ? "▲" : "▼";
    const titles = columns.map(({ key, title }) =>
      key === this.#sort ? `${title}${arrow}` : title,
    );
    const cells = rows.map((row) => columns.map((column) => column.cell(row)));
    const widths = columns.map((_, at) =>
      Math.max(textWidth(titles[at] ?? ""), ...cells.map((row) => textWidth(row[at] ?? ""))),
    );
    const painted = paint(this.#hasColor);
    const pad = (text: string, at: number): string => {
      const room = " ".repeat(Math.max(0, (widths[at] ?? 0) - textWidth(text)));
      return at === 0 ? text + room : room + text; // numbers end under each other
    };
    return [
      this.#bold(titles.map(pad).join("  ")),
      ...rows.map((row, i) =>
        columns.map((column, at) => painted(column, row, pad(cells[i]?.[at] ?? "", at))).join("  "),
      ),
    ];
  }

  #footer(rest: number): string {
    if (this.#isTyping) return `/${plain(this.#filter)}█`;
    const filter = this.#filter === "" ? "/ filter" : `/${plain(this.#filter)} (Esc: all)`;
    const more = rest > 0 ? `${rest} more ↓   ` : "";
    return this.#dim(`${more}q quit   s sort   r reverse   w wide   ${filter}   ? help`);
  }

  #bold(text: string): string {
    return createColors(this.#hasColor).bold(text);
  }

  #dim(text: string): string {
    return createColors(this.#hasColor).dim(text);
  }

  #warn(text: string): string {
    return createColors(this.#hasColor).yellow(plain(text));
  }
}
