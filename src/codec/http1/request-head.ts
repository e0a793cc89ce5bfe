// One request's head: method, target, and what the fields say about the message and the connection.
import { HeaderBlock } from "../header-block.ts";
import { latin1, latin1Bytes } from "../latin1.ts";
import type { Framing } from "./framing.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * The Host field is not among the fields: it is the authority (":authority" in Envoy's words) and is written first on the way out.
 * The method is one of a fixed set of interned strings. Everything is valid until the decoder's next `next()`.
 */
export class RequestHead extends HeaderBlock {
  #method = "";
  /** Origin-form path with its query, "*" for OPTIONS *, empty for CONNECT: pathBytes[pathStart, pathEnd). */
  pathBytes: Uint8Array = NO_BYTES;
  pathStart = 0;
  pathEnd = 0;
  #pathText: string | undefined = undefined;
  /** Of the target in absolute form or of the Host field: authorityBytes[authorityStart, authorityEnd). */
  authorityBytes: Uint8Array = NO_BYTES;
  authorityStart = 0;
  authorityEnd = 0;
  #authorityText: string | undefined = undefined;
  /** There was a Host field or a target in absolute or authority form; an empty Host counts. */
  hasAuthority = false;
  /**
   * Where the received start line and Host field end when the two stand in front, together, as we would write them: bytes from
   * `prefixStart` can then be forwarded as they are. 0 when they cannot, or when method, path or authority were changed.
   */
  prefixEnd = 0;
  prefixStart = 0;
  /** From a target in absolute form; else empty, and the listener's transport decides. */
  scheme: "" | "http" | "https" = "";
  /** The target holds a "#", which no sender may put there: policy decides (Envoy refuses it). */
  hasFragment = false;
  minorVersion: 0 | 1 = 1;
  /** The downstream may send another request after this one. */
  keepAlive = true;
  framing: Framing = "none";
  /** Bytes of the body when framing is "length"; else 0. */
  contentLength = 0;
  /** Expect: 100-continue, and the downstream waits for it. */
  expectsContinue = false;
  /** The protocol asked for by Upgrade, lower-case ("websocket"); empty when none is (h2c is ignored, as Envoy does). */
  upgrade = "";

  get method(): string {
    return this.#method;
  }

  set method(method: string) {
    this.#method = method;
    this.prefixEnd = 0;
  }

  path(): string {
    this.#pathText ??= latin1(this.pathBytes, this.pathStart, this.pathEnd);
    return this.#pathText;
  }

  setPath(text: string): void {
    this.setPathRange(latin1Bytes(text), 0, text.length);
    this.#pathText = text;
  }

  setPathRange(bytes: Uint8Array, start: number, end: number): void {
    this.prefixEnd = 0;
    this.pathBytes = bytes;
    this.pathStart = start;
    this.pathEnd = end;
    this.#pathText = undefined;
  }

  authority(): string {
    this.#authorityText ??= latin1(this.authorityBytes, this.authorityStart, this.authorityEnd);
    return this.#authorityText;
  }

  setAuthority(text: string): void {
    this.setAuthorityRange(latin1Bytes(text), 0, text.length);
    this.#authorityText = text;
  }

  setAuthorityRange(bytes: Uint8Array, start: number, end: number): void {
    this.prefixEnd = 0;
    this.authorityBytes = bytes;
    this.authorityStart = start;
    this.authorityEnd = end;
    this.#authorityText = undefined;
    this.hasAuthority = true;
  }

  override reset(): void {
    super.reset();
    this.method = "";
    this.setPathRange(NO_BYTES, 0, 0);
    this.setAuthorityRange(NO_BYTES, 0, 0);
    this.hasAuthority = false;
    this.scheme = "";
    this.hasFragment = false;
    this.minorVersion = 1;
    this.keepAlive = true;
    this.framing = "none";
    this.contentLength = 0;
    this.expectsContinue = false;
    this.upgrade = "";
  }
}
