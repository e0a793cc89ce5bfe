// The HTTP filters of one stream in their order, the router last: whose turn it is, and what waits while one of them holds the request.
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { BodyBuffer } from "../http/body-buffer.ts";
import type { HttpFilter } from "./filter.ts";

/** What ends the chain and takes the request. */
export interface RequestTaker {
  onRequestHead(head: RequestHead, isEnd: boolean): void;
  onRequestData(bytes: Uint8Array, start: number, end: number): void;
  onRequestTrailers(trailers: HeaderBlock): void;
  onRequestEnd(): void;
  onStreamEnd(): void;
}

/** The stream as the chain sees it. */
export interface ChainOwner {
  /** All of the request has been decoded. */
  readonly isRequestComplete: boolean;
  /** Somebody has answered: nothing more is handed on. */
  readonly isResponseComplete: boolean;
  /** More is held than may be, or not any more. */
  onHeldBody(isTooMuch: boolean): void;
}

/** Made once a connection and used for its requests in turn. */
export class HttpFilterChain {
  readonly #owner: ChainOwner;
  readonly #filters: readonly HttpFilter[];
  readonly #router: RequestTaker;
  readonly #bufferLimitBytes: number;
  /** The filter whose turn it is; equal to the number of filters once the router has the request. */
  #index = 0;
  #head: RequestHead | undefined = undefined;
  #isHeld = false;
  readonly #body: BodyBuffer = new BodyBuffer();
  #trailers: HeaderBlock | undefined = undefined;

  constructor(
    owner: ChainOwner,
    filters: readonly HttpFilter[],
    router: RequestTaker,
    bufferLimitBytes: number,
  ) {
    this.#owner = owner;
    this.#filters = filters;
    this.#router = router;
    this.#bufferLimitBytes = bufferLimitBytes;
  }

  onRequestHead(head: RequestHead): void {
    this.#head = head;
    this.#run(head);
  }

  onRequestData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#index === this.#filters.length) {
      this.#router.onRequestData(bytes, start, end);
      return;
    }
    this.#body.append(bytes, start, end);
    if (this.#body.size > this.#bufferLimitBytes) this.#owner.onHeldBody(true);
    this.#filters[this.#index]?.onHeldBody?.(this.#body, false);
  }

  onRequestTrailers(trailers: HeaderBlock): void {
    if (this.#index < this.#filters.length) this.#trailers = trailers;
    else this.#router.onRequestTrailers(trailers);
  }

  onRequestEnd(): void {
    // While a filter holds the request its end is known by `isRequestComplete`.
    if (this.#index === this.#filters.length) this.#router.onRequestEnd();
    else this.#filters[this.#index]?.onHeldBody?.(this.#body, true);
  }

  /** The filter that stopped the request lets it go on. */
  resume(): void {
    if (!this.#isHeld || this.#head === undefined) return;
    this.#isHeld = false;
    this.#index += 1;
    this.#run(this.#head);
  }

  /** Filters see the response in the opposite order. */
  onResponseHead(head: ResponseHead): void {
    for (let index = this.#filters.length - 1; index >= 0; index -= 1) {
      this.#filters[index]?.onResponseHead?.(head);
    }
  }

  onStreamEnd(): void {
    for (const filter of this.#filters) filter.onStreamEnd();
    this.#router.onStreamEnd();
    this.#index = 0;
    this.#head = undefined;
    this.#isHeld = false;
    this.#trailers = undefined;
    if (this.#body.size > 0) this.#body.clear();
  }

  #run(head: RequestHead): void {
    const filters = this.#filters;
    while (this.#index < filters.length) {
      const status = (filters[this.#index] as HttpFilter).onRequestHead(head);
      if (this.#owner.isResponseComplete) return;
      if (status === "stop") {
        this.#isHeld = true;
        return;
      }
      this.#index += 1;
    }
    const hasHeld = this.#body.size > 0 || this.#trailers !== undefined;
    this.#router.onRequestHead(head, this.#owner.isRequestComplete && !hasHeld);
    if (hasHeld) this.#release();
  }

  /** Hands on what came while a filter held the request. */
  #release(): void {
    const owner = this.#owner;
    const { bytes, size } = this.#body;
    if (!owner.isResponseComplete && size > 0) this.#router.onRequestData(bytes, 0, size);
    this.#body.clear();
    owner.onHeldBody(false);
    if (owner.isResponseComplete) return;
    if (this.#trailers !== undefined) this.#router.onRequestTrailers(this.#trailers);
    if (owner.isRequestComplete) this.#router.onRequestEnd();
  }
}
