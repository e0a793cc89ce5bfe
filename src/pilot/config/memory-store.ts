// A store that is filled by its owner: for tests, for objects that arrive over an API, and as the folder store's list.
import { type ConfigObject, formatProblem, type Problem } from "../model/object.ts";
import { ChangeFeed, differences } from "./change-feed.ts";
import type { ConfigListener, ConfigStore } from "./store.ts";

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
}

function problemLines(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join("\n");
}
