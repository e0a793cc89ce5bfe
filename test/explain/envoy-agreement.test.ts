// `why` agrees with a real Envoy, too: 100 random configurations and requests, explained by the pages of Envoy's admin interface.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { checkAgreement } from "./harness/agreement.ts";
import { Dice } from "./harness/dice.ts";
import { EnvoySubject } from "./harness/envoy-subject.ts";
import { randomMesh } from "./harness/random-mesh.ts";
import { randomRequest } from "./harness/random-request.ts";
import { FAMILY_ERROR_UNSEEDED, Verdict } from "./harness/verdict.ts";

const peer = findPeer("envoy");
const MESHES = 20;
const REQUESTS_OF_MESH = 5;
const EFFORT = { certain: 4, random: 150 };

describe.skipIf(mustSkip(peer))("a real Envoy", () => {
  let subject: EnvoySubject;

  beforeAll(async () => {
    subject = await EnvoySubject.start(peer.kind === "found" ? peer.path : "");
  });
  afterAll(() => subject?.stop());

  test("treats 100 random requests as explained", async () => {
    const verdict = new Verdict();
    for (let seed = 1; seed <= MESHES; seed += 1) {
      const mesh = randomMesh(seed, subject.places);
      const configuration = await subject.offer(mesh);
      const dice = new Dice(seed * 1000);
      for (let index = 0; index < REQUESTS_OF_MESH; index += 1) {
        const request = randomRequest(dice, mesh, subject.places);
        const agreement = await checkAgreement(subject, configuration, request, EFFORT);
        verdict.add(`seed ${seed}, request ${index}`, request, agreement);
      }
    }
    expect(verdict.disagreements(FAMILY_ERROR_UNSEEDED)).toEqual([]);
    expect(verdict.count).toBe(100);
    expect(verdict.randomCount).toBeGreaterThan(20);
    for (const kind of [
      "forward",
      "forward DI",
      "reply",
      "reply FI",
      "reply UH",
      "reply NC",
      "reply NR",
    ]) {
      expect(verdict.kinds).toContain(kind);
    }
  }, 120_000);
});
