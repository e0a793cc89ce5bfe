// All proxies that are being looked at: those that come are attached, those that go forgotten; requests named, chosen, counted.
import { quoted } from "#base/log.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { TAP_CONFIG_ID } from "#pilot/translate/names.ts";
import type { LoadedMesh, MeshNames } from "../client/mesh-names.ts";
import { adminAddressOf } from "../client/proxies.ts";
import { HOST_SIDECAR_ADDRESS } from "../up/addresses.ts";
import { Attachment, type AttachmentPorts } from "./attachment.ts";
import { MAX_PROXIES } from "./limits.ts";
import { isWanted, type TapFilters, toTapRequest } from "./tap-filters.ts";
import { type TappedRequest, toTappedRequest } from "./tapped-request.ts";
import type { Trace } from "./trace.ts";

export interface TapOptions {
  readonly filters: TapFilters;
  readonly direction: "outbound" | "inbound";
  readonly maxPerSecond: number;
  /** Which proxies are looked at. */
  readonly isChosen: (proxy: ProxyReport) => boolean;
}

export interface TapOutput {
  show(request: TappedRequest): void;
  /** Something to know beside the requests. */
  note(text: string): void;
}

interface Attending {
  readonly attachment: Attachment;
  readonly number: number;
  readonly proxy: ProxyReport;
  requestCount: number;
}

type Mesh = Extract<LoadedMesh, { kind: "loaded" }>;

export class TapSession {
  readonly #ports: AttachmentPorts & { readonly nowMs: () => number };
  readonly #options: TapOptions;
  readonly #output: TapOutput;
  /** By node id. */
  readonly #attending = new Map<string, Attending>();
  /** Why a proxy cannot be looked at, by node id. */
  readonly #problems = new Map<string, string>();
  #names: MeshNames | undefined;
  #nextNumber = 1;
  #hasSaidMany = false;
  #second = -1;
  #shownInSecond = 0;
  shown = 0;
  /** More than the limit a second, by us. */
  overLimit = 0;
  /** Left out by proxies. */
  dropped = 0;

  constructor(
    ports: AttachmentPorts & { readonly nowMs: () => number },
    options: TapOptions,
    output: TapOutput,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#output = output;
  }

  /** How many proxies are looked at. */
  get attachedCount(): number {
    return [...this.#attending.values()].filter(({ attachment }) => attachment.isAttached).length;
  }

  /** A sentence for each proxy that cannot be looked at. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** Attaches to the chosen proxies of `mesh` that are not attached, and forgets those that have gone. */
  async follow({ proxies, names }: Mesh): Promise<void> {
    this.#names = names;
    const chosen = proxies.filter(this.#options.isChosen);
    const present = new Set(chosen.map(({ proxy }) => proxy));
    for (const [id, { attachment }] of this.#attending) {
      if (present.has(id)) continue;
      this.#attending.delete(id);
      this.#problems.delete(id);
      void attachment.close();
    }
    const all = chosen.flatMap((proxy) => this.#attend(proxy));
    const news: string[] = [];
    await Promise.all(all.map((attending) => this.#attach(attending, news)));
    // Where there is nobody to look at, `problems` says all of it.
    if (this.attachedCount > 0) for (const text of news) this.#output.note(text);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#attending.values()].map(({ attachment }) => attachment.close()));
  }

  /** Those that want attaching: new ones, and ones whose stream has broken. */
  #attend(proxy: ProxyReport): readonly Attending[] {
    const known = this.#attending.get(proxy.proxy);
    if (known !== undefined) return known.attachment.isAttached ? [] : [known];
    if (this.#attending.size >= MAX_PROXIES) {
      if (!this.#hasSaidMany) {
        this.#output.note(
          `Looking at ${MAX_PROXIES} proxies; the others are left out. Choose with --from.`,
        );
      }
      this.#hasSaidMany = true;
      return [];
    }
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const { filters, direction, maxPerSecond } = this.#options;
    const attachment = new Attachment(
      adminAddressOf(proxy),
      this.#ports,
      (share) => toTapRequest(TAP_CONFIG_ID[direction], filters, share),
      maxPerSecond,
      {
        onTrace: (trace) => this.#handle(attending, trace),
        onDropped: (count) => {
          this.dropped += count;
        },
        onSampled: (share) =>
          this.#output.note(
            `${proxy.name} has more requests than can be shown: from now on ${share / 100} % of them are looked at.`,
          ),
      },
    );
    const attending = { attachment, number, proxy, requestCount: 0 };
    this.#attending.set(proxy.proxy, attending);
    return [attending];
  }

  /** What there is to tell of it goes to `news`. */
  async #attach(attending: Attending, news: string[]): Promise<void> {
    const { name, proxy } = attending.proxy;
    const attached = await attending.attachment.attach();
    if (attached.kind === "attached") {
      this.#problems.delete(proxy);
      return;
    }
    const reason = attached.reason.trim();
    const isMissing = /Unknown config id/.test(reason);
    const text = isMissing
      ? `${name} has no tap filter for ${this.#options.direction} requests: it has no HTTP listener, does not tell its admin address (SAMPAN_ADMIN_ADDRESS in its node metadata), or its pilot runs with --no-tap.`
      : /already/.test(reason)
        ? `${name} is being tapped by somebody else: ${quoted(reason)}`
        : `Cannot tap ${name}: ${quoted(reason)}`;
    // A proxy without a filter is no news while there are others: a client of databases has none.
    if (!isMissing && this.#problems.get(proxy) !== text) news.push(text);
    this.#problems.set(proxy, text);
  }

  #handle(attending: Attending, trace: Trace): void {
    const names = this.#names;
    if (names === undefined) return;
    const { filters, direction, maxPerSecond } = this.#options;
    const { name, type } = attending.proxy;
    const isShared = type !== "sidecar" || attending.proxy.ipAddress === HOST_SIDECAR_ADDRESS;
    const id = `${attending.number}:${attending.requestCount}`;
    const request = toTappedRequest(id, trace, { proxy: name, isShared, direction }, names);
    if (!isWanted(request, filters)) return;
    attending.requestCount += 1;
    const second = Math.floor(this.#ports.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#shownInSecond = 0;
    }
    if (this.#shownInSecond >= maxPerSecond) {
      this.overLimit += 1;
      return;
    }
    this.#shownInSecond += 1;
    this.shown += 1;
    this.#output.show(request);
  }
}
