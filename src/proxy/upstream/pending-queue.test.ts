import { expect, test } from "bun:test";
import fc from "fast-check";
import { NOT_WAITING, PendingQueue, type Waiting } from "./pending-queue.ts";

const waiter = (): Waiting => ({ poolSlot: NOT_WAITING });

test("PendingQueue gives out the one who waits longest", () => {
  const queue = new PendingQueue<Waiting>();
  const [first, second] = [waiter(), waiter()];
  queue.push(first);
  queue.push(second);
  expect(queue.shift()).toBe(first);
  expect(queue.shift()).toBe(second);
  expect(queue.shift()).toBeUndefined();
});

test("PendingQueue lets go only who is in it", () => {
  const queue = new PendingQueue<Waiting>();
  const other = new PendingQueue<Waiting>();
  const [member, stranger] = [waiter(), waiter()];
  queue.push(member);
  other.push(stranger);
  expect(queue.remove(stranger)).toBe(false);
  expect(queue.remove(waiter())).toBe(false);
  expect(queue.remove(member)).toBe(true);
  expect(queue.remove(member)).toBe(false);
  expect(other.size).toBe(1);
});

test("PendingQueue keeps order and size like a list, whoever leaves from where", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant("push" as const) },
      { weight: 1, arbitrary: fc.constant("shift" as const) },
      { weight: 2, arbitrary: fc.nat(1000) },
    ),
    { maxLength: 600 },
  );
  fc.assert(
    fc.property(steps, (given) => {
      const queue = new PendingQueue<Waiting>();
      const model: Waiting[] = [];
      for (const step of given) {
        if (step === "push") {
          const next = waiter();
          queue.push(next);
          model.push(next);
        } else if (step === "shift") {
          expect(queue.shift()).toBe(model.shift() as Waiting);
        } else if (model.length > 0) {
          const [leaver] = model.splice(step % model.length, 1);
          expect(queue.remove(leaver as Waiting)).toBe(true);
        }
        expect(queue.size).toBe(model.length);
      }
      for (const expected of model) expect(queue.shift()).toBe(expected);
    }),
    { numRuns: 50 },
  );
});

test("PendingQueue stays small beside one that waits for ever", () => {
  const queue = new PendingQueue<Waiting>();
  const patient = waiter();
  queue.push(patient);
  const others: Waiting[] = [];
  for (let round = 0; round < 10_000; round += 1) {
    const next = waiter();
    queue.push(next);
    others.push(next);
    if (others.length > 40) expect(queue.remove(others.shift() as Waiting)).toBe(true);
    expect(next.poolSlot).toBeLessThan(200);
  }
  expect(queue.shift()).toBe(patient);
  for (const other of others) expect(queue.shift()).toBe(other);
});
