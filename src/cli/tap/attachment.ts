// One proxy that is being looked at: attached through its admin page, attached again when the stream breaks or when it shows more
// than anybody can read, and let go at the end.
import type { HttpStream, HttpStreams } from "#base/http-client.ts";
import type { SocketAddress } from "#base/net.ts";
import type { Timers } from "#base/timers.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { JsonObjects } from "./json-objects.ts";
import {
  ATTACH_TIMEOUT_MS,
  MAX_OBJECT_BYTES,
  OVERLOAD_FACTOR,
  REATTACH_MS,
  REATTACH_TRIES,
} from "./limits.ts";
import { SHARE_DENOMINATOR } from "./tap-filters.ts";
import { parseTapMessage, type Trace } from "./trace.ts";

export interface AttachmentPorts {
  readonly streams: HttpStreams;
  readonly timers: Timers;
}

export interface AttachmentListener {
  onTrace(trace: Trace): void;
  /** The proxy left out so many. */
  onDropped(count: number): void;
  /** From now on `share` of `SHARE_DENOMINATOR` requests are looked at. */
  onSampled(share: number): void;
}

export type Attached =
  | { readonly kind: "attached" }
  | { readonly kind: "failed"; readonly reason: string };

/** /tap?details: our proxy tells flags, cluster and duration; Envoy takes no notice of it. */
const PATH = "/tap?details";
const SECOND_MS = 1_000;
const BUSY = "An attached /tap admin stream already exists";

export class Attachment {
  readonly #admin: SocketAddress;
  readonly #ports: AttachmentPorts;
  readonly #listener: AttachmentListener;
  /** TapRequest, by the share of requests. */
  readonly #request: (share: number) => unknown;
  readonly #wantedPerSecond: number;
  #share = SHARE_DENOMINATOR;
  #stream: HttpStream | undefined;
  #shownInSecond = 0;
  #isClosed = false;

  constructor(
    admin: SocketAddress,
    ports: AttachmentPorts,
    request: (share: number) => unknown,
    wantedPerSecond: number,
    listener: AttachmentListener,
  ) {
    this.#admin = admin;
    this.#ports = ports;
    this.#request = request;
    this.#wantedPerSecond = wantedPerSecond;
    this.#listener = listener;
  }

  /** Its stream is open, or is being opened. */
  get isAttached(): boolean {
    return this.#stream !== undefined;
  }

  async attach(): Promise<Attached> {
    for (let tries = 1; ; tries += 1) {
      const attached = await this.#open();
      const isBusy = attached.kind === "failed" && attached.reason.includes(BUSY);
      if (!isBusy || this.#isClosed || tries >= REATTACH_TRIES) return attached;
      await new Promise<void>((resolve) => void this.#ports.timers.after(REATTACH_MS, resolve));
    }
  }

  /** Resolves when the proxy has been left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const stream = this.#stream;
    stream?.close();
    await stream?.ended;
  }

  async #open(): Promise<Attached> {
    if (this.#isClosed) return { kind: "failed", reason: "closed" };
    const objects = new JsonObjects(MAX_OBJECT_BYTES, (text) => this.#handle(text));
    const stream = this.#ports.streams.open(
      {
        method: "POST",
        url: `http://${formatSocketAddress(this.#admin)}${PATH}`,
        body: JSON.stringify(this.#request(this.#share)),
        timeoutMs: ATTACH_TIMEOUT_MS,
      },
      (bytes) => {
        if (this.#stream === stream) objects.push(bytes);
      },
    );
    this.#stream = stream;
    void stream.ended.then(() => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    const started = await stream.started;
    if (started.kind === "open") {
      this.#watchRate(stream);
      return { kind: "attached" };
    }
    if (this.#stream === stream) this.#stream = undefined;
    return { kind: "failed", reason: started.kind === "failed" ? started.reason : started.body };
  }

  #handle(text: string): void {
    const message = parseTapMessage(text);
    if (message === undefined) return;
    if (message.kind === "dropped") {
      this.#shownInSecond += message.count;
      this.#listener.onDropped(message.count);
      return;
    }
    this.#shownInSecond += 1;
    this.#listener.onTrace(message.trace);
  }

  /** Each second: far more than is wanted is not thrown away here, but not asked for any more. */
  #watchRate(stream: HttpStream): void {
    this.#shownInSecond = 0;
    const timer = this.#ports.timers.every(SECOND_MS, () => {
      const shown = this.#shownInSecond;
      this.#shownInSecond = 0;
      if (shown <= this.#wantedPerSecond * OVERLOAD_FACTOR || this.#share === 1) return;
      timer.cancel();
      void this.#sample(stream, (2 * this.#wantedPerSecond) / shown);
    });
    void stream.ended.then(() => timer.cancel());
  }

  async #sample(stream: HttpStream, fraction: number): Promise<void> {
    this.#share = Math.max(1, Math.floor(this.#share * fraction));
    stream.close();
    await stream.ended;
    const attached = await this.attach();
    if (attached.kind === "attached") this.#listener.onSampled(this.#share);
  }
}
