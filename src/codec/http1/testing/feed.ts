// Test support: feeds bytes to a decoder in pieces, and tells what came out.
import { type DecoderLimits, REQUEST_LIMITS, RESPONSE_LIMITS } from "../../limits.ts";
import { RequestDecoder } from "../request-decoder.ts";
import { ResponseDecoder } from "../response-decoder.ts";
import { LogSink } from "./log.ts";

/** What is decoded: a request, or the response to a request. */
export type Scene =
  | { readonly role: "request"; readonly limits?: Partial<DecoderLimits> }
  | {
      readonly role: "response";
      readonly limits?: Partial<DecoderLimits>;
      readonly method?: string;
      readonly upgrade?: boolean;
    };

export interface Outcome {
  readonly log: string;
  /** How many bytes the decoder took before the message ended. */
  readonly consumed: number;
}

/** Feeds `pieces`, each in an array of its own, until the message has ended; then FIN when `fin`. */
export function feed(scene: Scene, pieces: Iterable<Uint8Array>, fin = false): Outcome {
  const sink = new LogSink();
  const decoder = createDecoder(scene, sink);
  let consumed = 0;
  for (const piece of pieces) {
    // The decoder owns and changes what it is given.
    const taken = decoder.receive(piece.slice(), 0, piece.length);
    consumed += taken;
    if (taken < piece.length) break;
  }
  if (fin) decoder.end();
  return { log: sink.text(), consumed };
}

export function createDecoder(scene: Scene, sink: LogSink): RequestDecoder | ResponseDecoder {
  if (scene.role === "request") {
    return new RequestDecoder({ ...REQUEST_LIMITS, ...scene.limits }, sink);
  }
  const decoder = new ResponseDecoder({ ...RESPONSE_LIMITS, ...scene.limits }, sink);
  decoder.expect(scene.method ?? "GET", scene.upgrade ?? false);
  return decoder;
}

export function* inPieces(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function splitAt(bytes: Uint8Array, offset: number): Uint8Array[] {
  return [bytes.subarray(0, offset), bytes.subarray(offset)];
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
