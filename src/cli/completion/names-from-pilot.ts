// Names for completion out of the running mesh. A pilot that does not answer at once is none: a person waits at the keyboard.
import type { HttpClient } from "#base/http-client.ts";
import type { SocketAddress } from "#base/net.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { PilotClient } from "../client/pilot-client.ts";
import type { Candidate } from "./complete-words.ts";

const TIMEOUT_MS = 200;

/** More names help nobody who looks for one. */
const MAX_NAMES = 1_000;

/** The answers' documented shapes, as far as names need them; anything may be missing in what came from the network. */
interface NamedProxy {
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly type?: unknown;
  readonly state?: unknown;
}

interface NamedService {
  readonly hostname?: unknown;
  readonly namespace?: unknown;
}

interface NamedObject extends NamedService {
  readonly kind?: unknown;
  readonly name?: unknown;
}

export class NamesFromPilot {
  readonly #pilot: PilotClient;

  constructor(httpClient: HttpClient, pilot: SocketAddress) {
    const impatient: HttpClient = {
      request: (options) => httpClient.request({ ...options, timeoutMs: TIMEOUT_MS }),
    };
    this.#pilot = new PilotClient(impatient, pilot);
  }

  async proxies(): Promise<readonly Candidate[]> {
    const found = await this.#list<NamedProxy>("/debug/syncz");
    return named(found, ({ name, namespace, type, state }) => ({
      value: name,
      description: `${type} in ${namespace}, ${state}`,
    }));
  }

  async services(): Promise<readonly Candidate[]> {
    const found = await this.#list<NamedService>("/debug/registryz");
    return named(found, ({ hostname, namespace }) => ({
      value: typeof hostname === "string" ? shortName(hostname) : undefined,
      description: `service in ${namespace}`,
    }));
  }

  async namespaces(): Promise<readonly Candidate[]> {
    const found = await this.#list<NamedObject>("/debug/configz");
    return named(found, ({ namespace }) => ({ value: namespace, description: "" }));
  }

  /** Names of the objects whose kind `isMeant`. */
  async objects(isMeant: (kind: string) => boolean): Promise<readonly Candidate[]> {
    const found = await this.#list<NamedObject>("/debug/configz");
    const meant = found.filter(({ kind }) => typeof kind === "string" && isMeant(kind));
    return named(meant, ({ kind, namespace, name }) => ({
      value: name,
      description: `${kind} in ${namespace}`,
    }));
  }

  async #list<T>(path: string): Promise<readonly T[]> {
    const answer = await this.#pilot.get<unknown>(path);
    if (answer.kind !== "answered" || !Array.isArray(answer.value)) return [];
    return answer.value.filter((item): item is T => typeof item === "object" && item !== null);
  }
}

/** As programs in the mesh call it: "reviews" in its own namespace, which "default" is for most. */
const shortName = (hostname: string): string =>
  shortServiceName(hostname).replace(/\.default$/, "");

/** What a shell could take for something else is no name: it came from the network. */
const isName = (value: unknown): value is string =>
  typeof value === "string" && /^[\w.*~@:/-]{1,253}$/.test(value);

const words = (text: string): string => text.replace(/[^ \w.,:/-]/g, "?").slice(0, 120);

/** Sorted, each once. */
function named<T>(
  items: readonly T[],
  toCandidate: (item: T) => { readonly value: unknown; readonly description: string },
): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const item of items) {
    const { value, description } = toCandidate(item);
    if (!isName(value) || found.has(value)) continue;
    found.set(value, { value, description: words(description) });
    if (found.size === MAX_NAMES) break;
  }
  return [...found.values()].toSorted((a, b) => (a.value < b.value ? -1 : 1));
}
