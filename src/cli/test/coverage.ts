// Which http routes of the VirtualServices some test reached, and which none.
import { parseFieldPath } from "#base/field-path.ts";
import type { Origin } from "#explain/explain.ts";
import { type ConfigObject, objectName, type SourcePosition } from "#pilot/model/object.ts";
import type { FolderWorld } from "../client/folder-world.ts";

export interface CoveredRoute {
  /** "VirtualService default/reviews" */
  readonly object: string;
  /** "spec.http[1]" */
  readonly field: string;
  readonly source: SourcePosition;
  readonly isReached: boolean;
}

export class Coverage {
  readonly #world: FolderWorld | undefined;
  readonly #reached = new Set<string>();

  constructor(world: FolderWorld | undefined) {
    this.#world = world;
  }

  /** A request took this route. */
  reach(origin: Origin | undefined): void {
    const [, list, index] = parseFieldPath(origin?.field ?? "");
    if (origin !== undefined && list === "http") this.#reached.add(`${origin.object} ${index}`);
  }

  /** Every route but those that only hand over to a delegate; empty where no folder is known. */
  routes(): readonly CoveredRoute[] {
    const objects = this.#world?.objects ?? [];
    return objects
      .filter(
        (object): object is ConfigObject<"VirtualService"> => object.kind === "VirtualService",
      )
      .flatMap((object) =>
        object.spec.http.flatMap((route, index) => {
          if (route.delegate !== undefined) return [];
          const name = objectName(object);
          return [
            {
              object: name,
              field: `spec.http[${index}]`,
              source: object.positionOf(["spec", "http", index]),
              isReached: this.#reached.has(`${name} ${index}`),
            },
          ];
        }),
      );
  }
}
