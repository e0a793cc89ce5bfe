// A whole YAML text -> its objects and what is wrong with it: for tests, and for tools that look at one file.
import {
  type ConfigObject,
  objectKey,
  objectName,
  type Problem,
  type SourcePosition,
} from "../model/object.ts";
import { DocumentText } from "./document-text.ts";
import { MAX_DOCUMENTS } from "./limits.ts";
import type { ObjectPlace } from "./placed-object.ts";
import {
  type LazyProblem,
  type ObjectReading,
  type Reading,
  readDocument,
} from "./read-document.ts";
import { splitDocuments } from "./split-documents.ts";

export interface ParsedObjects {
  /** Valid objects, oldest first. */
  readonly objects: readonly ConfigObject[];
  readonly problems: readonly Problem[];
}

/** `file` is what positions name. Never throws. */
export function parseObjects(text: string, file: string): ParsedObjects {
  const readings: Reading[] = [];
  for (const slice of splitDocuments(text).slice(0, MAX_DOCUMENTS)) {
    readings.push(...readDocument(new DocumentText(slice.text, file, slice.line)));
  }
  const { standing, problems } = collect(readings);
  return {
    objects: sortByAge(standing.map(({ object }) => object)),
    problems: problems.map((problem) => problem()),
  };
}

export interface Collected {
  /** In the order of the readings, each object once. */
  readonly standing: readonly ObjectReading[];
  readonly problems: readonly LazyProblem[];
}

/** The first of several objects of one kind and name stands; the later ones are refused. */
export function collect(readings: readonly Reading[]): Collected {
  const byKey = new Map<string, ObjectReading>();
  const problems: LazyProblem[] = [];
  for (const reading of readings) {
    const key = reading.kind === "object" ? objectKey(reading.object) : undefined;
    const first = key === undefined ? undefined : byKey.get(key);
    if (first !== undefined && reading.kind === "object") {
      problems.push(duplicate(first, reading));
      continue;
    }
    if (key !== undefined && reading.kind === "object") byKey.set(key, reading);
    problems.push(...reading.problems);
  }
  return { standing: [...byKey.values()], problems };
}

function duplicate(first: ObjectReading, later: ObjectReading): LazyProblem {
  return () => {
    const { file, line } = locate(first.place);
    return {
      severity: "error",
      source: locate(later.place),
      object: objectName(later.object),
      field: "metadata.name",
      message: `is defined at ${file}:${line} already: this one is not used; rename or remove one of them`,
    };
  };
}

function locate({ document, start }: ObjectPlace): SourcePosition {
  return document.locate(start);
}

/** Oldest first; objects of one age keep their order. */
export function sortByAge<T extends ConfigObject>(objects: readonly T[]): T[] {
  return objects.toSorted((a, b) => a.createdMs - b.createdMs);
}
