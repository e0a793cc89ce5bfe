// Files of tests and the configuration that they are about, read through ports; what is wrong is said line by line.
import type { Files } from "#base/files.ts";
import { quoted } from "#base/log.ts";
import { formatProblem, type Problem } from "#pilot/model/object.ts";
import {
  type FolderPorts,
  type FolderWorld,
  loadFolderWorld,
  worldOf,
} from "../client/folder-world.ts";
import { assumedServices } from "./assume-services.ts";
import { isTestFile, parseTests } from "./parse-tests.ts";
import type { TestCase } from "./test-case.ts";

export type LoadedTests =
  | {
      readonly kind: "loaded";
      readonly cases: readonly TestCase[];
      readonly problems: readonly string[];
    }
  | { readonly kind: "unreadable"; readonly message: string };

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** `paths` are files, or folders of which every YAML file with `testCases` is taken. */
export async function loadTests(files: Files, paths: readonly string[]): Promise<LoadedTests> {
  const cases: TestCase[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const texts = await textsOf(files, path);
    if ("message" in texts) return { kind: "unreadable", message: texts.message };
    for (const { file, text } of texts) {
      const parsed = parseTests(text, file);
      cases.push(...parsed.cases);
      for (const { position, message } of parsed.problems) {
        problems.push(`${position.file}:${position.line}:${position.column}: ${message}`);
      }
    }
  }
  return { kind: "loaded", cases, problems };
}

interface FileText {
  readonly file: string;
  readonly text: string;
}

async function textsOf(
  files: Files,
  path: string,
): Promise<readonly FileText[] | { readonly message: string }> {
  const listing = await files.list(path);
  if ("reason" in listing) {
    const reading = await files.read(path);
    if (reading.kind === "read") return [{ file: path, text: decode(reading.bytes) }];
    return { message: `Cannot read ${quoted(path)}: ${reading.reason}` };
  }
  const texts: FileText[] = [];
  for (const { path: below } of listing) {
    if (!/\.ya?ml$/.test(below)) continue;
    const file = `${path.replace(/\/+$/, "")}/${below}`;
    const reading = await files.read(file);
    if (reading.kind === "failed")
      return { message: `Cannot read ${quoted(file)}: ${reading.reason}` };
    const text = decode(reading.bytes);
    if (isTestFile(text)) texts.push({ file, text });
  }
  if (texts.length > 0) return texts;
  return { message: `No file below ${quoted(path)} has testCases` };
}

export type LoadedConfiguration =
  | { readonly kind: "loaded"; readonly world: FolderWorld; readonly problems: readonly string[] }
  | { readonly kind: "unreadable"; readonly message: string };

/** `problems` are the errors; files of tests that stand among the configuration are no errors. */
export async function loadConfiguration(
  ports: FolderPorts,
  folder: string,
  assumesServices: boolean,
): Promise<LoadedConfiguration> {
  const loaded = await loadFolderWorld(ports, folder);
  if (loaded.kind === "failed") {
    return {
      kind: "unreadable",
      message: `Cannot read the folder ${quoted(folder)}: ${loaded.reason}`,
    };
  }
  const { world } = loaded;
  const problems: string[] = [];
  for (const problem of world.problems) {
    if (problem.severity !== "error" || (await isAboutTests(ports.files, problem))) continue;
    problems.push(formatProblem(problem));
  }
  if (!assumesServices) return { kind: "loaded", world, problems };
  const namespaces = new Set(world.objects.map(({ namespace }) => namespace));
  const assumed = assumedServices(world.snapshot, namespaces);
  return { kind: "loaded", world: worldOf([...world.objects, ...assumed]), problems };
}

async function isAboutTests(files: Files, { source }: Problem): Promise<boolean> {
  const reading = await files.read(source.file);
  return reading.kind === "read" && isTestFile(decode(reading.bytes));
}
