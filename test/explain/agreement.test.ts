// `why` agrees with reality: 1,000 random configurations and requests on our proxy, in memory. What explain() says, of the pages that
// the proxy's own admin interface shows, is what the proxy then does: where requests go and how often, rewrites, redirects, headers,
// faults, flags, copies, timeouts, retries.
import { expect, test } from "bun:test";
import type { ExplainedRequest } from "#explain/explain.ts";
import { type Agreement, checkAgreement } from "./harness/agreement.ts";
import { Dice } from "./harness/dice.ts";
import { MEMORY_PLACES, MemorySubject } from "./harness/memory-subject.ts";
import { randomMesh } from "./harness/random-mesh.ts";
import { randomRequest } from "./harness/random-request.ts";
import { Verdict } from "./harness/verdict.ts";

const MESHES = 100;
const REQUESTS_OF_MESH = 10;
const EFFORT = { certain: 4, random: 300 };

/** The requests that go with a seed, always the same. */
function requestsOf(seed: number): ExplainedRequest[] {
  const mesh = randomMesh(seed, MEMORY_PLACES);
  const dice = new Dice(seed * 1000);
  return Array.from({ length: REQUESTS_OF_MESH }, () => randomRequest(dice, mesh, MEMORY_PLACES));
}

test("1,000 random requests are treated as explained", async () => {
  const verdict = new Verdict();
  for (let seed = 1; seed <= MESHES; seed += 1) {
    const subject = new MemorySubject(randomMesh(seed, MEMORY_PLACES), MEMORY_PLACES);
    const configuration = subject.configuration();
    for (const [index, request] of requestsOf(seed).entries()) {
      const agreement = await checkAgreement(subject, configuration, request, EFFORT);
      verdict.add(`seed ${seed}, request ${index}`, request, agreement);
    }
    subject.close();
  }
  expect(verdict.disagreements().slice(0, 20)).toEqual([]);
  // The sample holds what it is meant to hold.
  expect(verdict.count).toBe(1000);
  expect(verdict.randomCount).toBeGreaterThan(200);
  for (const kind of [
    "forward",
    "forward DI",
    "reply",
    "reply FI",
    "reply DI,FI",
    "redirect",
    "reset",
    "reply UH",
    "reply NC",
    "reply NR",
  ]) {
    expect(verdict.kinds).toContain(kind);
  }
}, 120_000);

test("hosts that the proxy has ejected are explained as such", async () => {
  const verdict = new Verdict();
  let ejections = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const mesh = randomMesh(seed, MEMORY_PLACES);
    const subject = new MemorySubject(mesh, MEMORY_PLACES);
    for (const request of requestsOf(seed)) {
      subject.setMode("fail");
      await subject.sendMany(request, 60);
      const configuration = subject.configuration();
      const hosts = [...configuration.hosts.values()].flat();
      if (!hosts.some(({ failed }) => failed.outlierCheck)) continue;
      ejections += 1;
      verdict.add(
        `seed ${seed}`,
        request,
        await checkAgreement(subject, configuration, request, EFFORT),
      );
    }
    subject.close();
  }
  expect(verdict.disagreements()).toEqual([]);
  expect(ejections).toBeGreaterThan(20);
}, 120_000);

test("an explanation of another configuration is found out", async () => {
  const agreements: Agreement[] = [];
  for (let seed = 1; seed <= 8; seed += 1) {
    const subject = new MemorySubject(randomMesh(seed, MEMORY_PLACES), MEMORY_PLACES);
    const other = new MemorySubject(randomMesh(seed + 100, MEMORY_PLACES), MEMORY_PLACES);
    for (const request of requestsOf(seed)) {
      agreements.push(await checkAgreement(subject, other.configuration(), request, EFFORT));
    }
    subject.close();
    other.close();
  }
  const found = agreements.filter(({ problems }) => problems.length > 0);
  expect(found.length).toBeGreaterThan(agreements.length / 2);
});
