// What of the previous objects stays although the folder no longer gives it: wrong documents keep their last good version.
import { type ConfigObject, type ObjectKey, objectKey } from "../model/object.ts";
import { PlacedObject } from "./placed-object.ts";
import type { Reading, WrongReading } from "./read-document.ts";

/** A file's readings; an object that it keeps from before stands among them like one that was just read. */
export interface FileOfReadings {
  readonly path: string;
  readonly readings: readonly Reading[];
}

/** What was served last, and from which file each object came. */
export interface Served {
  readonly objects: ReadonlyMap<ObjectKey, ConfigObject>;
  readonly pathOf: ReadonlyMap<ObjectKey, string>;
}

/** `files` with every wrong document that has a last good version replaced by it; its problems stay. */
export function withLastGood(files: readonly FileOfReadings[], served: Served): FileOfReadings[] {
  const claimed = new Set<ObjectKey>();
  for (const { readings } of files) {
    for (const reading of readings) {
      if (reading.kind === "object") claimed.add(objectKey(reading.object));
    }
  }
  const keepers = new Map<string, ObjectKey[]>();
  for (const [key, path] of served.pathOf) {
    const keys = keepers.get(path);
    if (keys === undefined) keepers.set(path, [key]);
    else keys.push(key);
  }
  const keep = (key: ObjectKey, wrong: WrongReading | undefined): Reading | undefined => {
    const object = served.objects.get(key);
    if (claimed.has(key) || !(object instanceof PlacedObject)) return undefined;
    claimed.add(key);
    const { place, problems } = wrong ?? { place: object.place, problems: [] };
    return { kind: "object", object, place, problems };
  };
  return files.map(({ path, readings }) => {
    const kept = readings.map((reading) => {
      if (reading.kind !== "wrong" || reading.key === undefined) return reading;
      return keep(reading.key, reading) ?? reading;
    });
    // It cannot be said which object a broken document was: everything that this file gave stays.
    const isUnsure = readings.some(
      (reading) => reading.kind === "wrong" && reading.key === undefined,
    );
    const others = isUnsure
      ? (keepers.get(path) ?? []).flatMap((key) => keep(key, undefined) ?? [])
      : [];
    return { path, readings: [...kept, ...others] };
  });
}
