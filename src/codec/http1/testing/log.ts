// Test support: what a decoder told its sink, as lines of text that a document can hold.
import { quoted } from "#base/log.ts";
import type { HeaderBlock } from "../../header-block.ts";
import { latin1 } from "../../latin1.ts";
import type { ProtocolError } from "../../protocol-error.ts";
import type { RequestSink } from "../request-decoder.ts";
import type { RequestHead } from "../request-head.ts";
import type { ResponseSink } from "../response-decoder.ts";
import type { ResponseHead } from "../response-head.ts";

/** Records both kinds of messages. Data that comes in several calls is one line, so that logs do not depend on how bytes were split. */
export class LogSink implements RequestSink, ResponseSink {
  readonly #lines: string[] = [];
  #data = "";

  lines(): readonly string[] {
    this.#flush();
    return this.#lines;
  }

  text(): string {
    return this.lines().join("\n");
  }

  onHead(head: RequestHead | ResponseHead): void {
    this.#add("status" in head ? describeResponse("response", head) : describeRequest(head));
    this.#addFields("field", head);
  }

  onInformational(head: ResponseHead): void {
    this.#add(describeResponse("informational", head));
    this.#addFields("field", head);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#data += latin1(bytes, start, end);
  }

  onTrailers(trailers: HeaderBlock): void {
    this.#addFields("trailer", trailers);
  }

  onEnd(): void {
    this.#add("end");
  }

  onError(error: ProtocolError): void {
    this.#add(`error ${error.status} ${error.details}: ${error.message}`);
  }

  #add(line: string): void {
    this.#flush();
    this.#lines.push(line);
  }

  #addFields(kind: string, block: HeaderBlock): void {
    for (const line of describeFields(block)) this.#add(`${kind} ${line}`);
  }

  #flush(): void {
    if (this.#data === "") return;
    this.#lines.push(`data ${shortened(this.#data)}`);
    this.#data = "";
  }
}

/** "name: value" of each live field. */
export function describeFields(block: HeaderBlock): string[] {
  const lines: string[] = [];
  for (let i = 0; i < block.count; i += 1) {
    if (!block.isRemoved(i)) lines.push(`${block.nameAt(i)}: ${shortened(block.valueAt(i))}`);
  }
  return lines;
}

function describeRequest(head: RequestHead): string {
  const words = [`request ${head.method} ${quoted(head.path())}`];
  if (head.hasAuthority) words.push(`authority=${quoted(head.authority())}`);
  if (head.scheme !== "") words.push(`scheme=${head.scheme}`);
  if (head.minorVersion === 0) words.push("http/1.0");
  words.push(describeFraming(head.framing, head.contentLength));
  if (head.hasFragment) words.push("fragment");
  if (head.expectsContinue) words.push("expects-continue");
  if (head.upgrade !== "") words.push(`upgrade=${quoted(head.upgrade)}`);
  if (!head.keepAlive) words.push("close");
  return words.join(" ");
}

function describeResponse(kind: string, head: ResponseHead): string {
  const words = [`${kind} ${head.status} ${quoted(head.reason())}`];
  if (head.minorVersion === 0) words.push("http/1.0");
  words.push(describeFraming(head.framing, head.contentLength));
  if (head.upgrade !== "") words.push(`upgrade=${quoted(head.upgrade)}`);
  if (!head.keepAlive) words.push("close");
  return words.join(" ");
}

function describeFraming(framing: string, contentLength: number): string {
  return framing === "length" ? `length=${contentLength}` : framing;
}

function shortened(text: string): string {
  return text.length > 100 ? `${quoted(text.slice(0, 10))}... ${text.length} bytes` : quoted(text);
}
