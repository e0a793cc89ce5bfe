// Who looks on through the admin interface: a TapRequest in, requests of all workers out, until the reader goes.
import { toBinary } from "@bufbuild/protobuf";
import { type TapRequest, TapRequestSchema } from "#api/envoy/admin/v3/tap_pb.ts";
import { formatJsonProblem, messageFromJson } from "#api/json.ts";
import { parseYamlDocuments } from "#api/yaml.ts";
import { quoted } from "#base/log.ts";
import { parseTapRequest } from "../config/parse-tap-request.ts";
import { formatRejected, type Parsed } from "../config/parsed.ts";
import { MAX_TAPS } from "./limits.ts";
import { Tap, type TapRegistry, type TraceSink } from "./tap-registry.ts";
import { droppedNotice } from "./tap-trace.ts";

/** Where the text goes. */
export interface TapReader {
  /** false: too much waits to be read, and `text` was not taken. */
  write(text: string): boolean;
}

export type TapOrder =
  /** `request`: the TapRequest that worker 0 has accepted. */
  | {
      readonly kind: "attachTap";
      readonly id: number;
      readonly request: Uint8Array;
      readonly hasDetails: boolean;
    }
  | { readonly kind: "detachTap"; readonly id: number };

export type AttachedTap =
  | { readonly kind: "attached"; close(): void }
  | { readonly kind: "refused"; readonly message: string };

export class TapSessions {
  readonly #registry: TapRegistry;
  readonly #tellOthers: (order: TapOrder) => void;
  readonly #sinks = new Map<number, TraceSink>();
  #nextId = 1;

  /** `registry`: worker 0's; `tellOthers`: the other workers are told. */
  constructor(registry: TapRegistry, tellOthers: (order: TapOrder) => void) {
    this.#registry = registry;
    this.#tellOthers = tellOthers;
  }

  /** `body`: a TapRequest in JSON or YAML. `hasDetails`: traces say more than Envoy's do. */
  attach(body: string, hasDetails: boolean, reader: TapReader): AttachedTap {
    if (this.#sinks.size >= MAX_TAPS) {
      const message = `There are ${MAX_TAPS} /tap admin streams already. Detach one.`;
      return { kind: "refused", message };
    }
    const request = readTapRequest(body);
    if (request.kind === "rejected") return { kind: "refused", message: formatRejected(request) };
    const parsed = parseTapRequest(request.value);
    if (parsed.kind === "rejected") return { kind: "refused", message: formatRejected(parsed) };
    const config = parsed.value;
    if (!this.#registry.has(config.configId)) {
      const id = quoted(config.configId);
      const message = `Unknown config id ${id}. No extension has registered with this id.`;
      return { kind: "refused", message };
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const sink = new ReaderSink(reader);
    this.#sinks.set(id, sink);
    this.#registry.attach(new Tap(id, config, hasDetails, sink));
    const bytes = toBinary(TapRequestSchema, request.value);
    this.#tellOthers({ kind: "attachTap", id, request: bytes, hasDetails });
    return { kind: "attached", close: () => this.#detach(id) };
  }

  /** A request that another worker shows; one of a tap that has ended meanwhile goes nowhere. */
  handleTrace(id: number, text: string, dropped: number): void {
    this.#sinks.get(id)?.onTrace(text, dropped);
  }

  #detach(id: number): void {
    if (!this.#sinks.delete(id)) return;
    this.#registry.detach(id);
    this.#tellOthers({ kind: "detachTap", id });
  }
}

/** Says in place of what was left out that it was. */
class ReaderSink implements TraceSink {
  readonly #reader: TapReader;
  #dropped = 0;

  constructor(reader: TapReader) {
    this.#reader = reader;
  }

  onTrace(text: string, dropped: number): void {
    this.#dropped += dropped;
    const notice = this.#dropped === 0 ? "" : droppedNotice(this.#dropped);
    if (this.#reader.write(notice + text)) this.#dropped = 0;
    else this.#dropped += 1;
  }
}

function readTapRequest(body: string): Parsed<TapRequest> {
  const reject = (message: string): Parsed<TapRequest> => ({
    kind: "rejected",
    path: "",
    message,
  });
  if (body.trim() === "") return reject("/tap requires a JSON/YAML body");
  const { documents, problems } = parseYamlDocuments(body, "body");
  const [problem] = problems;
  if (problem !== undefined) {
    const { line, column } = problem.position;
    return reject(`body:${line}:${column}: ${problem.message}`);
  }
  const [document, second] = documents;
  if (document === undefined || second !== undefined) return reject("the body is one document");
  const read = messageFromJson(TapRequestSchema, document.value);
  if (read.kind !== "rejected") return { kind: "parsed", value: read.value };
  return reject(read.problems.map(formatJsonProblem).join("; "));
}
