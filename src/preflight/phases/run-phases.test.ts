// The phase runner: order, choice, needs, failures at each position, undo, and kubeadm's words.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Phase, PhaseOutcome, PhaseStop } from "./phase.ts";
import { formatFailure, formatPhaseList } from "./phase-text.ts";
import { type PhaseRun, type PhasesResult, runPhases } from "./run-phases.ts";
import { listPhases } from "./select-phases.ts";

/** What the phases of a test share: everything that happened, in order. */
interface Diary {
  readonly lines: string[];
}

class Stop implements PhaseStop {
  isStopped = false;
  #resolve: () => void = () => {};
  readonly stopped: Promise<void> = new Promise((resolve) => {
    this.#resolve = resolve;
  });

  now(): void {
    this.isStopped = true;
    this.#resolve();
  }
}

interface Behaviour {
  readonly fails?: string;
  readonly undoFails?: string;
  readonly onRun?: () => void;
  readonly phases?: readonly Phase<Diary>[];
  readonly needs?: readonly string[];
  readonly isProvided?: boolean;
  readonly runIf?: () => boolean;
}

/** A phase that writes down its runs and undos; `name` is its full name. */
function phase(fullName: string, behaviour: Behaviour = {}): Phase<Diary> {
  const { fails, undoFails, onRun, phases, needs, isProvided, runIf } = behaviour;
  return {
    name: fullName.split("/").at(-1) ?? "",
    short: `Does ${fullName}`,
    ...(phases === undefined ? {} : { phases }),
    ...(needs === undefined ? {} : { needs }),
    ...(isProvided === undefined ? {} : { isProvided: () => isProvided }),
    ...(runIf === undefined ? {} : { runIf }),
    run: ({ lines }) => {
      lines.push(fullName);
      onRun?.();
      return fails === undefined ? { kind: "done" } : { kind: "failed", cause: fails };
    },
    dryRun: (_data, { would }) => {
      would(`do ${fullName}`);
      return { kind: "done" };
    },
    undo: ({ lines }) => {
      lines.push(`undo ${fullName}`);
      if (undoFails !== undefined) throw new Error(undoFails);
    },
  };
}

interface Ran {
  readonly result: PhasesResult;
  readonly lines: readonly string[];
  readonly heard: readonly string[];
  readonly dataCount: number;
}

async function run(
  phases: readonly Phase<Diary>[],
  options: Partial<PhaseRun<Diary>> = {},
): Promise<Ran> {
  const lines: string[] = [];
  const heard: string[] = [];
  let dataCount = 0;
  const result = await runPhases<Diary>({
    phases,
    createData: () => {
      dataCount += 1;
      return { lines };
    },
    stop: new Stop(),
    sink: {
      began: (name) => heard.push(`began ${name}`),
      progress: (name, text) => heard.push(`${name}: ${text}`),
      would: (name, text) => heard.push(`[${name}] would ${text}`),
      ended: (name, { kind }) => heard.push(`${kind} ${name}`),
      undoing: (name) => heard.push(`undoing ${name}`),
      undoFailed: (name, reason) => heard.push(`undo of ${name} failed: ${reason}`),
    },
    ...options,
  });
  return { result, lines, heard, dataCount };
}

const CERTS = phase("certs", { phases: [phase("certs/ca"), phase("certs/server")] });

function messageOf(result: PhasesResult): string {
  if (result.kind === "refused" || result.kind === "unresolved") return result.message;
  return result.kind === "failed" ? result.failure.message : result.kind;
}

describe("order", () => {
  test("depth-first, a parent before its children", async () => {
    const { lines, result, heard, dataCount } = await run([phase("a"), CERTS, phase("b")]);
    expect(result.kind).toBe("completed");
    expect(lines).toEqual(["a", "certs", "certs/ca", "certs/server", "b"]);
    expect(heard.slice(0, 4)).toEqual(["began a", "done a", "began certs", "done certs"]);
    expect(dataCount).toBe(1);
  });

  test.each([
    ["certs", undefined, ["certs", "certs/ca", "certs/server"]],
    ["certs/ca", undefined, ["certs/ca"]],
    ["CERTS/CA", undefined, ["certs/ca"]],
    [undefined, ["certs"], ["a", "b"]],
    [undefined, ["certs/ca", " B "], ["a", "certs", "certs/server"]],
    ["certs", ["certs/server"], ["certs", "certs/ca"]],
    ["certs/ca", ["certs"], []],
    [undefined, ["a", "b", "certs"], []],
  ])("phase %s, skipped %p", async (only, skip, expected) => {
    const { lines, result } = await run([phase("a"), CERTS, phase("b")], { only, skip });
    expect(result.kind).toBe("completed");
    expect(lines).toEqual(expected);
  });

  test.each([
    ["crets", "did you mean certs?"],
    ["ca", "did you mean certs/ca?"],
    ["certs/serve", "did you mean certs/server?"],
    ["nothing-like-it", "there are a, certs, certs/ca, certs/server"],
  ])("a name that there is not: %s", async (name, hint) => {
    const phases = [phase("a"), CERTS];
    for (const choice of [{ only: name }, { skip: ["a", name] }]) {
      const { result, lines, dataCount } = await run(phases, choice);
      expect(result).toEqual({
        kind: "refused",
        message: `invalid phase name: ${name}\n${hint}`,
      });
      expect([lines, dataCount]).toEqual([[], 0]);
    }
  });

  test("what stands behind a blank in a name is for people only", async () => {
    const { lines } = await run([{ ...phase("join"), name: "Join [node-name]" }], { only: "join" });
    expect(lines).toEqual(["join"]);
  });
});

describe("dependencies", () => {
  test("are checked before anything runs, and told in kubeadm's words", async () => {
    const phases = [phase("a"), phase("b", { needs: ["c", "a"] }), phase("c", { needs: ["a"] })];
    const { result, lines, dataCount } = await run(phases, { skip: ["a"] });
    expect(messageOf(result)).toBe(
      'unresolved dependencies:\n\tmissing [c a] phase(s) needed by "b" phase\n\tmissing [a] phase(s) needed by "c" phase',
    );
    expect([lines, dataCount]).toEqual([[], 0]);
  });

  test.each([
    [true, "completed"],
    [false, 'unresolved dependencies:\n\tmissing [pilot] phase(s) needed by "work" phase'],
  ])("may be provided from elsewhere: %p", async (isProvided, expected) => {
    const phases = [phase("pilot", { isProvided }), phase("work", { needs: ["pilot"] })];
    const { result, lines } = await run(phases, { only: "work" });
    expect(messageOf(result)).toBe(expected);
    expect(lines).toEqual(isProvided ? ["work"] : []);
    expect((await run(phases)).lines).toEqual(["pilot", "work"]);
  });

  test("of a dry run are not looked for in the world", async () => {
    const phases = [phase("pilot", { isProvided: false }), phase("work", { needs: ["pilot"] })];
    const { heard } = await run(phases, { only: "work", isDryRun: true });
    expect(heard).toContain("[work] would do work");
  });

  test("that nobody could ever meet are a bug", () => {
    expect(() => listPhases([phase("a", { needs: ["b"] })])).toThrow("there is a phase b");
    expect(() => listPhases([phase("a"), phase("a")])).toThrow("a name of its own");
  });
});

describe("run conditions", () => {
  test("a phase whose condition does not hold is passed over in silence", async () => {
    const { lines, heard } = await run([phase("a"), phase("b", { runIf: () => false })]);
    expect(lines).toEqual(["a"]);
    expect(heard).not.toContain("began b");
  });

  test("one that throws ends the run", async () => {
    const throws = (): never => {
      throw new Error("cannot tell");
    };
    const { lines, result } = await run([phase("a"), phase("b", { runIf: throws })]);
    expect(messageOf(result)).toBe("error execution run condition for phase b: cannot tell");
    expect(lines).toEqual(["a", "undo a"]);
  });
});

describe("failure", () => {
  test("at each position: everything that was begun is undone in reverse order", async () => {
    const names = ["a", "certs", "certs/ca", "certs/server", "b"];
    for (const failing of names) {
      const make = (name: string, more: Behaviour = {}): Phase<Diary> =>
        phase(name, name === failing ? { ...more, fails: "disk full" } : more);
      const certs = make("certs", { phases: [make("certs/ca"), make("certs/server")] });
      const { result, lines } = await run([make("a"), certs, make("b")]);
      expect(messageOf(result)).toBe(`error execution phase ${failing}: disk full`);
      const begun = names.slice(0, names.indexOf(failing) + 1);
      expect(lines).toEqual([...begun, ...begun.toReversed().map((name) => `undo ${name}`)]);
    }
  });

  test("of an undo is told, and the others are undone all the same", async () => {
    const phases = [phase("a"), phase("b", { undoFails: "busy" }), phase("c", { fails: "no" })];
    const { lines, heard } = await run(phases);
    expect(lines.slice(3)).toEqual(["undo c", "undo b", "undo a"]);
    expect(heard).toContain("undo of b failed: busy");
  });

  test("by a bug is a failure with the frames that it came from", async () => {
    const phases: Phase<Diary>[] = [
      { name: "certs", short: "", phases: [{ name: "ca", short: "", run: boom }] },
    ];
    const { result } = await run(phases);
    if (result.kind !== "failed") throw new Error(result.kind);
    expect(result.failure.message).toBe("error execution phase certs/ca: boom");
    expect(result.failure.trace[0]).toStartWith("at boom (");
    expect(result.failure.trace.slice(-2)).toEqual(["phase certs/ca", "phase certs"]);
  });

  test("of the data is a failure in which nothing ran", async () => {
    const { result, lines } = await run([phase("a")], { createData: boom });
    expect([messageOf(result), lines]).toEqual(["boom", []]);
  });
});

function boom(): never {
  throw new Error("boom");
}

describe("the end", () => {
  test("of a run that went well undoes it once, in reverse order", async () => {
    const { result, lines } = await run([phase("a"), phase("b")]);
    if (result.kind !== "completed") throw new Error(result.kind);
    expect(lines).toEqual(["a", "b"]);
    await Promise.all([result.undo(), result.undo()]);
    expect(lines).toEqual(["a", "b", "undo b", "undo a"]);
  });

  test("asked for while a phase runs: that one is undone too, and no other begins", async () => {
    const stop = new Stop();
    const phases = [phase("a"), phase("b", { onRun: () => stop.now() }), phase("c")];
    const { result, lines } = await run(phases, { stop });
    expect(result.kind).toBe("stopped");
    expect(lines).toEqual(["a", "b", "undo b", "undo a"]);
  });

  test("asked for by somebody is no failure, whatever the phase says", async () => {
    const stop = new Stop();
    const phases = [phase("a", { onRun: () => stop.now(), fails: "interrupted" })];
    expect((await run(phases, { stop })).result.kind).toBe("stopped");
  });

  test("asked for before the start: nothing runs", async () => {
    const stop = new Stop();
    stop.now();
    const { result, lines } = await run([phase("a")], { stop });
    expect([result.kind, lines]).toEqual(["stopped", []]);
  });
});

describe("dry run", () => {
  test("says what each phase would do, runs none and undoes none", async () => {
    const { result, lines, heard } = await run([phase("a"), CERTS], {
      isDryRun: true,
      skip: ["certs/server"],
    });
    expect(result.kind).toBe("completed");
    expect(lines).toEqual([]);
    expect(heard.filter((line) => line.startsWith("["))).toEqual([
      "[a] would do a",
      "[certs] would do certs",
      "[certs/ca] would do certs/ca",
    ]);
    if (result.kind === "completed") await result.undo();
    expect(lines).toEqual([]);
  });
});

describe("words", () => {
  test("the list of phases, as kubeadm's help ends", () => {
    const hidden = { ...phase("secret"), isHidden: true };
    expect(formatPhaseList("init", [phase("preflight"), CERTS, hidden])).toBe(
      `The "init" command executes the following phases:
\`\`\`
preflight  Does preflight
certs      Does certs
  /ca      Does certs/ca
  /server  Does certs/server
\`\`\`
`,
    );
  });

  test("a failure: how to see its trace, and the trace", () => {
    const failure = {
      message: "error execution phase certs/ca: disk full",
      status: 1,
      trace: ["phase certs/ca", "phase certs"],
    };
    expect(formatFailure(failure, 4, "sampan up")).toBe(
      "error execution phase certs/ca: disk full\nTo see the stack trace of this error execute with --v=5 or higher\n",
    );
    expect(formatFailure(failure, 5, "sampan up")).toBe(
      "error execution phase certs/ca: disk full\nstack trace of phases:\n\tphase certs/ca\n\tphase certs\n\tcommand sampan up\n",
    );
  });
});

/** A tree of phases as names only. */
interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

const tree: fc.Arbitrary<readonly Tree[]> = fc.letrec<{ forest: readonly Tree[] }>((tie) => ({
  forest: fc
    .array(fc.oneof({ depthSize: "small" }, fc.constant<readonly Tree[]>([]), tie("forest")), {
      maxLength: 4,
    })
    .map((all) => all.map((children, index) => ({ name: `p${index}`, children }))),
})).forest;

describe("random trees", () => {
  test("run in order, and whatever ends them, exactly what was begun is undone in reverse", async () => {
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.record({ at: fc.nat(30), by: fc.constantFrom("failure", "throw", "stop", "none") }),
        fc.array(fc.nat(30), { maxLength: 3 }),
        fc.array(fc.nat(30), { maxLength: 3 }),
        async (forest, end, skipped, conditions) => {
          const names = namesOf(forest, "");
          const skip = skipped.flatMap((index) => names[index] ?? []);
          const falseFor = conditions.flatMap((index) => names[index] ?? []);
          const stop = new Stop();
          const make = ({ name, children }: Tree, parent: string): Phase<Diary> => {
            const fullName = `${parent}${name}`;
            const ends = names[end.at] === fullName;
            return phase(fullName, {
              phases: children.map((child) => make(child, `${fullName}/`)),
              runIf: () => !falseFor.includes(fullName),
              ...(ends && end.by === "failure" ? { fails: "no" } : {}),
              ...(ends && end.by === "throw" ? { onRun: boom } : {}),
              ...(ends && end.by === "stop" ? { onRun: () => stop.now() } : {}),
            });
          };
          const phases = forest.map((top) => make(top, ""));
          const { result, lines } = await run(phases, { skip, stop });
          const wanted = names.filter(
            (name) =>
              !falseFor.includes(name) &&
              !skip.some((parent) => name === parent || name.startsWith(`${parent}/`)),
          );
          const endsAt = end.by === "none" ? -1 : wanted.indexOf(names[end.at] ?? "");
          const begun = endsAt === -1 ? wanted : wanted.slice(0, endsAt + 1);
          expect(result.kind).toBe(
            endsAt === -1 ? "completed" : end.by === "stop" ? "stopped" : "failed",
          );
          if (result.kind === "completed") await result.undo();
          const undone = begun.toReversed().map((name) => `undo ${name}`);
          expect(lines).toEqual([...begun, ...undone]);
        },
      ),
    );
  });

  test("a filter and its complement share out the phases", async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(30), async (forest, index) => {
        const names = namesOf(forest, "");
        const chosen = names[index];
        fc.pre(chosen !== undefined);
        const make = ({ name, children }: Tree, parent: string): Phase<Diary> =>
          phase(`${parent}${name}`, {
            phases: children.map((child) => make(child, `${parent}${name}/`)),
          });
        const phases = forest.map((top) => make(top, ""));
        const only = await run(phases, { only: chosen });
        const rest = await run(phases, { skip: chosen === undefined ? [] : [chosen] });
        expect([...only.lines, ...rest.lines].sort()).toEqual(names.toSorted());
      }),
    );
  });
});

function namesOf(forest: readonly Tree[], parent: string): readonly string[] {
  return forest.flatMap(({ name, children }) => [
    `${parent}${name}`,
    ...namesOf(children, `${parent}${name}/`),
  ]);
}

test("an outcome may come late", async () => {
  const late: Phase<Diary> = {
    name: "late",
    short: "",
    run: async ({ lines }, { progress }): Promise<PhaseOutcome> => {
      progress("1 of 2");
      await Promise.resolve();
      lines.push("late");
      return { kind: "done" };
    },
  };
  const { lines, heard } = await run([late, phase("next")]);
  expect(lines).toEqual(["late", "next"]);
  expect(heard.slice(0, 3)).toEqual(["began late", "late: 1 of 2", "done late"]);
});
