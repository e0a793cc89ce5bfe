// Configuration objects at the pilot, over its Kubernetes API.
import type { DescribedProblem, ObjectDocument } from "#pilot/api/debug-pages.ts";
import type { ObjectJson } from "#pilot/api/object-json.ts";
import { API_GROUP, type KindNames, namesOf } from "#pilot/model/kinds.ts";
import type { Kind, ObjectKey } from "#pilot/model/object.ts";
import type { Liveness } from "#pilot/push/liveness.ts";
import type { PilotAnswer, PilotClient } from "../client/pilot-client.ts";

export interface ObjectName {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

export interface WriteOptions {
  readonly isDryRun?: boolean;
  /** Write only while the object has this `resourceVersion`. */
  readonly version?: string;
}

export class ObjectClient {
  readonly #pilot: PilotClient;

  constructor(pilot: PilotClient) {
    this.#pilot = pilot;
  }

  /** `namespace` undefined: of all. */
  async list(
    names: KindNames,
    namespace: string | undefined,
    selector = "",
  ): Promise<PilotAnswer<readonly ObjectJson[]>> {
    const where = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
    const query = selector === "" ? "" : `?labelSelector=${encodeURIComponent(selector)}`;
    const path = `/apis/${API_GROUP}/v1${where}/${names.plural}${query}`;
    const answer = await this.#pilot.get<{ readonly items: readonly ObjectJson[] }>(path);
    return answer.kind === "answered" ? { kind: "answered", value: answer.value.items } : answer;
  }

  read(name: ObjectName): Promise<PilotAnswer<ObjectJson>> {
    return this.#pilot.get(`${collection(name)}/${encodeURIComponent(name.name)}`);
  }

  /** `text` is one YAML document, and is written as it is. */
  create(
    name: ObjectName,
    text: string,
    options: WriteOptions = {},
  ): Promise<PilotAnswer<ObjectJson>> {
    return this.#pilot.sendYaml("POST", `${collection(name)}${query(options)}`, text);
  }

  replace(
    name: ObjectName,
    text: string,
    options: WriteOptions = {},
  ): Promise<PilotAnswer<ObjectJson>> {
    const path = `${collection(name)}/${encodeURIComponent(name.name)}${query(options)}`;
    return this.#pilot.sendYaml("PUT", path, text, options.version);
  }

  remove(name: ObjectName, options: WriteOptions = {}): Promise<PilotAnswer<unknown>> {
    const path = `${collection(name)}/${encodeURIComponent(name.name)}${query(options)}`;
    return this.#pilot.send("DELETE", path);
  }

  /** Where its newest version is in force; with the resources made of it, which takes the pilot longer. */
  liveness(key: ObjectKey, withResources = false): Promise<PilotAnswer<Liveness>> {
    const more = withResources ? "&resources" : "";
    return this.#pilot.get(`/debug/livez?object=${encodeURIComponent(key)}${more}`);
  }

  /** "VirtualService default/reviews" of every object whose document is wrong now, and whose last good version is in force. */
  async brokenObjects(): Promise<ReadonlySet<string>> {
    const answer = await this.#pilot.get<readonly DescribedProblem[]>("/debug/problemz");
    const problems = answer.kind === "answered" ? answer.value : [];
    const errors = problems.filter(({ severity }) => severity === "error");
    return new Set(errors.flatMap(({ object = [] }) => object));
  }

  document(key: ObjectKey): Promise<PilotAnswer<ObjectDocument>> {
    return this.#pilot.get(`/debug/documentz?object=${encodeURIComponent(key)}`);
  }
}

const query = ({ isDryRun }: WriteOptions): string => (isDryRun === true ? "?dryRun=All" : "");

function collection({ kind, namespace }: ObjectName): string {
  const { plural } = namesOf(kind);
  return `/apis/${API_GROUP}/v1/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}
