import { expect, test } from "bun:test";
import { defineStats } from "./define-stats.ts";
import { CLUSTER } from "./schema/cluster.ts";
import { isUsed, StatBlock } from "./stat-block.ts";

const SCHEMA = defineStats("test", { hits: "counter", active: "gauge", errors: "counter" });

test("defineStats gives ids in the order written", () => {
  expect([SCHEMA.hits, SCHEMA.active, SCHEMA.errors].map(Number)).toEqual([0, 1, 2]);
  expect(SCHEMA.table.names).toEqual(["hits", "active", "errors"]);
  expect(SCHEMA.table.kinds).toEqual(["counter", "gauge", "counter"]);
});

test("defineStats keeps the ids of one group out of another's block", () => {
  const block = new StatBlock(CLUSTER.table);
  // @ts-expect-error an id of "test" does not fit a block of "cluster"
  block.inc(SCHEMA.hits);
  block.inc(CLUSTER.upstream_rq_total);
});

test("StatBlock counts, and tells never written from back to zero", () => {
  const block = new StatBlock(SCHEMA.table);
  const used = () => [...block.values].map(isUsed);
  expect(used()).toEqual([false, false, false]);
  expect(block.value(SCHEMA.active)).toBe(0);
  block.inc(SCHEMA.active);
  block.dec(SCHEMA.active);
  block.add(SCHEMA.hits, 3);
  expect(used()).toEqual([true, true, false]);
  expect([block.value(SCHEMA.hits), block.value(SCHEMA.active)]).toEqual([3, 0]);
});

test("StatBlock.set to zero is a use", () => {
  const block = new StatBlock(SCHEMA.table);
  block.set(SCHEMA.active, 0);
  expect(isUsed(block.values[SCHEMA.active] as number)).toBe(true);
});

test("StatBlock.resetCounters leaves gauges alone and used counters used", () => {
  const block = new StatBlock(SCHEMA.table);
  block.add(SCHEMA.hits, 7);
  block.set(SCHEMA.active, 2);
  block.resetCounters();
  expect([...block.values].map((value) => value + 0)).toEqual([0, 2, 0]);
  expect([...block.values].map(isUsed)).toEqual([true, true, false]);
});
