// A store that is filled by its owner: for tests, for objects that arrive over an API, and as the folder store's list.
import {
  type ConfigObject,
  formatProblem,
  type ObjectKey,
  objectKey,
  type Problem,
} from "../model/object.ts";
import { ChangeFeed, differences } from "./change-feed.ts";
import { readOneObject, sameContent, versionOf } from "./object-document.ts";
import { sortByAge } from "./parse-objects.ts";
import { PlacedObject } from "./placed-object.ts";
import type {
  ConfigListener,
  ConfigStore,
  PutOutcome,
  PutRequest,
  RemoveOutcome,
  WriteCondition,
  WriteRefusal,
} from "./store.ts";

export class MemoryStore implements ConfigStore {
  readonly #feed = new ChangeFeed();
  #objects: readonly ConfigObject[] = [];
  #problems: readonly Problem[] = [];

  list(): readonly ConfigObject[] {
    return this.#objects;
  }

  problems(): readonly Problem[] {
    return this.#problems;
  }

  onChange(listener: ConfigListener): { close(): void } {
    return this.#feed.listen(listener);
  }

  /** Replaces everything and tells the listeners what that changed; `objects` must stand in the contract's order. */
  replace(objects: readonly ConfigObject[], problems: readonly Problem[] = []): void {
    const sameProblems = problemLines(problems) === problemLines(this.#problems);
    const changes = differences(this.#objects, objects);
    this.#problems = problems;
    if (changes.length > 0) this.#objects = objects;
    if (changes.length > 0 || !sameProblems) this.#feed.publish(changes);
  }

  async put(request: PutRequest): Promise<PutOutcome> {
    const read = readOneObject(request.text, request.file);
    if (read.kind === "invalid") return read;
    const { key, reading } = read;
    const before = this.#find(key);
    const refusal = refusalOf(before, request.condition);
    if (refusal !== undefined) return refusal;
    const warnings = reading.problems.map((problem) => problem());
    if (before !== undefined && sameContent(before, reading.object)) {
      if (before instanceof PlacedObject && request.isDryRun !== true) before.moveTo(reading.place);
      return { kind: "unchanged", object: before, warnings };
    }
    const { object } = reading;
    if (request.isDryRun !== true) {
      if (before instanceof PlacedObject) object.succeed(before);
      object.moveTo(reading.place);
      const others = this.#objects.map((each) => (objectKey(each) === key ? object : each));
      const objects = before === undefined ? [...others, object] : others;
      this.replace(sortByAge(objects), this.#problems);
    }
    return { kind: before === undefined ? "created" : "configured", object, warnings };
  }

  async remove(
    key: ObjectKey,
    condition?: WriteCondition,
    isDryRun = false,
  ): Promise<RemoveOutcome> {
    const object = this.#find(key);
    const refusal = refusalOf(object, { ...condition, mustBe: "present" });
    if (refusal !== undefined || object === undefined) return refusal ?? { kind: "missing" };
    if (!isDryRun) {
      const rest = this.#objects.filter((each) => each !== object);
      this.replace(rest, this.#problems);
    }
    return { kind: "removed", object };
  }

  #find(key: ObjectKey): ConfigObject | undefined {
    return this.#objects.find((object) => objectKey(object) === key);
  }
}

/** Why a write may not happen to what is there now; undefined: it may. */
export function refusalOf(
  current: ConfigObject | undefined,
  condition: WriteCondition = {},
): WriteRefusal | undefined {
  const { mustBe, version } = condition;
  if (current === undefined) return mustBe === "present" ? { kind: "missing" } : undefined;
  if (mustBe === "absent") return { kind: "exists", object: current };
  if (version !== undefined && version !== versionOf(current)) {
    return { kind: "conflict", object: current };
  }
  return undefined;
}

function problemLines(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join("\n");
}
